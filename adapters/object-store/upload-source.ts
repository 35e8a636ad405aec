import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { StageError } from '../../contracts/failure.js';

/**
 * Reads a file that is being uploaded, in order and once, in pieces. After the last piece it has proved that the file still
 * has the promised size and, when one is given, the promised sha256: an upload commits only then.
 */
export async function* uploadPieces(
  file: string,
  promised: { bytes: number; sha256?: string | undefined },
  pieceBytes: number,
): AsyncGenerator<Buffer, void, void> {
  const handle = await open(file, 'r');
  try {
    const hash = createHash('sha256');
    for (let offset = 0; offset < promised.bytes; offset += pieceBytes) {
      const piece = await readExactly(handle, file, offset, Math.min(pieceBytes, promised.bytes - offset), promised.bytes);
      if (promised.sha256 !== undefined) hash.update(piece);
      yield piece;
    }
    const { size } = await handle.stat();
    if (size !== promised.bytes) throw changed(file, `${promised.bytes} bytes`, `${size} bytes`);
    if (promised.sha256 === undefined) return;
    const got = hash.digest('hex');
    if (got !== promised.sha256) throw changed(file, `sha256 ${promised.sha256}`, got);
  } finally {
    await handle.close();
  }
}

async function readExactly(handle: FileHandle, file: string, offset: number, length: number, promisedBytes: number): Promise<Buffer> {
  const piece = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(piece, filled, length - filled, offset + filled);
    if (bytesRead === 0) throw changed(file, `${promisedBytes} bytes`, `${offset + filled} bytes`);
    filled += bytesRead;
  }
  return piece;
}

function changed(file: string, expected: string, got: string): StageError {
  return new StageError({
    type: 'DigestMismatch',
    message: `${file} changed while it was being uploaded: expected ${expected}, got ${got}`,
    remedy: 'Stop whatever writes to this file and save again; nothing of it was stored.',
  });
}
