import type { ArtifactRef, TreeManifest } from '../artifact.js';
import type { StageRecord } from '../record.js';

export interface TransferOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { files: number; totalFiles: number; bytes: number; totalBytes: number }) => void;
}

/** The stage records as they were at one moment: for who follows plans of thousands of stages, or looks for what ran before. */
export interface RecordSnapshot {
  /** Null: there was none. Throws InvalidSpec for one that is not as it was filed. */
  record(stageKey: string): Promise<StageRecord | null>;
  /** The newest few hundred, latest first. One that cannot be read is no help to compare with, and left out. */
  recent(): Promise<StageRecord[]>;
}

/** Content-addressed trees and stage records over an ObjectStore, with a local cache by digest. */
export interface ArtifactStore {
  /** Hashes a folder, uploads what is missing, writes the manifest last. Safe to repeat. */
  save(directory: string, options?: TransferOptions): Promise<ArtifactRef>;
  /** As `save`, for a chosen list of files below `root` (paths relative to it). */
  saveFiles(root: string, paths: readonly string[], options?: TransferOptions): Promise<ArtifactRef>;
  /** The digest that `saveFiles` would give, without uploading anything; unchanged files (size, mtime) are not read again. */
  digestFiles(root: string, paths: readonly string[], options?: TransferOptions): Promise<ArtifactRef>;
  manifest(digest: string): Promise<TreeManifest>;
  /** A local read-only folder that holds the tree, verified file by file. Cached; never half-written. Throws ArtifactMissing or DigestMismatch. */
  materialize(digest: string, options?: TransferOptions): Promise<string>;
  /** One file of a tree, verified. */
  readFile(digest: string, path: string): Promise<Buffer>;
  /** Reads every blob of a tree again and compares digests. */
  verify(digest: string, options?: TransferOptions): Promise<{ ok: boolean; problems: string[] }>;
  /** The record of a stage key, or null: not done. Positive answers are remembered for minutes. */
  record(stageKey: string): Promise<StageRecord | null>;
  /** Every record by one listing; what this machine has read before is not read again. */
  snapshotRecords(): Promise<RecordSnapshot>;
  /** Files a record; the first writer wins, and the winning record is returned. */
  fileRecord(record: StageRecord): Promise<StageRecord>;
}
