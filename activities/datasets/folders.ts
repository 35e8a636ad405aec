import { readdirSync, statSync, type Dirent } from 'node:fs';
import { basename, join, posix } from 'node:path';
import type { DatasetImage } from './mmad-index.js';

/** What lies under a root, each folder listed once. Cheaper than a stat a file where thousands share a folder. */
export interface Folders {
  kind(path: string): 'file' | 'folder' | null;
  /** Relative paths of the files in a folder, sorted; empty where there is no such folder. */
  files(folder: string): string[];
}

/** Listings under a root, kept for the life of the object. */
export function createFolders(root: string): Folders {
  const listings = new Map<string, ReadonlyMap<string, 'file' | 'folder'>>();
  const list = (folder: string): ReadonlyMap<string, 'file' | 'folder'> => {
    const known = listings.get(folder) ?? listFolder(join(root, folder));
    listings.set(folder, known);
    return known;
  };
  return {
    kind: (path) => list(posix.dirname(path)).get(posix.basename(path)) ?? null,
    files: (folder) => {
      const entries = [...list(posix.normalize(folder))].filter(([, kind]) => kind === 'file');
      return entries.map(([name]) => posix.join(folder, name)).sort(byCodeUnit);
    },
  };
}

function listFolder(folder: string): ReadonlyMap<string, 'file' | 'folder'> {
  const kinds = new Map<string, 'file' | 'folder'>();
  for (const entry of entriesOf(folder)) {
    const followed = entry.isSymbolicLink() ? statSync(join(folder, entry.name), { throwIfNoEntry: false }) : entry;
    if (followed?.isFile()) kinds.set(entry.name, 'file');
    else if (followed?.isDirectory()) kinds.set(entry.name, 'folder');
  }
  return kinds;
}

/** A folder that is absent holds nothing; one that may not be read is an error, not an empty one. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** An order that does not depend on the machine's language. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether a file name is a picture's. Folders also hold Thumbs.db and the like. */
export function isPicture(path: string): boolean {
  return /\.(png|jpe?g|bmp|tiff?|webp)$/i.test(path);
}

/**
 * The mask files of an image, all of which count (their union). A folder stands for its pictures; so does a file in a
 * folder named like the image, which is how MVTec-LOCO files several masks. Empty = the named mask is absent.
 */
export function maskFiles(folders: Folders, image: DatasetImage): string[] {
  return image.maskPaths.flatMap((path) => {
    const kind = folders.kind(path);
    if (kind === null) return [];
    const folder = posix.dirname(path);
    const stem = basename(image.key).replace(/\.[^.]+$/, '');
    if (kind === 'folder') return folders.files(path).filter(isPicture);
    return posix.basename(folder) === stem ? folders.files(folder).filter(isPicture) : [path];
  });
}
