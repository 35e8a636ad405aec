/** An 8-bit raster. `data` is row-major, `channels` bytes a pixel. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** What pictures need: decode, encode, resize. The grid and the outline are plain loops over rasters (activities/datasets). */
export interface ImageCodec {
  /** Header only: size of the picture. Throws DatasetCorrupt naming the file when it cannot be read. */
  size(file: string): Promise<{ width: number; height: number }>;
  decodeRgb(file: string): Promise<Raster>;
  /** One channel: 255 where any channel of any bit depth is non-zero, else 0. */
  decodeMask(file: string): Promise<Raster>;
  encodeJpeg(raster: Raster, options?: { quality?: number; resize?: { width: number; height: number } }): Promise<Buffer>;
  encodePng(raster: Raster): Promise<Buffer>;
  encodeWebp(raster: Raster, options?: { quality?: number; resize?: { width: number; height: number } }): Promise<Buffer>;
}
