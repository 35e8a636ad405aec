import { objectKeys } from '../../contracts/artifact.js';
import { StageError } from '../../contracts/failure.js';
import type { ObjectStore } from '../../contracts/ports/object-store.js';
import { Tag, TagName } from '../../contracts/tag.js';
import { forEachAtOnce } from '../artifacts/transfer.js';
import { parseFiled } from './parse-filed.js';

const TAGS = objectKeys.tag('x').replace(/x\.json$/, '');

/** Every tag, by name. */
export async function listTags(objects: ObjectStore): Promise<Tag[]> {
  const keys: string[] = [];
  for await (const { key } of objects.list(TAGS)) keys.push(key);
  const tags: Tag[] = [];
  await forEachAtOnce(keys, undefined, async (key) => {
    const text = await objects.get(key);
    if (text !== null) tags.push(parseFiled(Tag, text, `tag ${key} in ${objects.description}`));
  });
  return tags.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Names a run. A name that another run has is refused; the same name for the same run is no error. */
export async function addTag(objects: ObjectStore, tag: Omit<Tag, 'schemaVersion'>): Promise<void> {
  const filed: Tag = { schemaVersion: 1, ...tag, name: checkedName(tag.name) };
  const key = objectKeys.tag(filed.name);
  if ((await objects.put(key, JSON.stringify(filed), { ifAbsent: true, contentType: 'application/json' })) === 'written') return;
  const { run } = await readTag(objects, filed.name);
  if (run === filed.run) return;
  throw new StageError({
    type: 'InvalidSpec',
    message: `"${filed.name}" is run ${run} already`,
    remedy: `Choose another name, or take this one away first: judo tag --delete ${filed.name}`,
  });
}

/** The tag of this name. Throws ArtifactMissing, with the names that there are. */
export async function readTag(objects: ObjectStore, name: string): Promise<Tag> {
  const text = await objects.get(objectKeys.tag(checkedName(name)));
  if (text !== null) return parseFiled(Tag, text, `tag ${name} in ${objects.description}`);
  const names = (await listTags(objects)).map((tag) => tag.name);
  throw new StageError({
    type: 'ArtifactMissing',
    message: `no run is tagged "${name}"`,
    remedy: names.length === 0 ? 'Tag one: judo tag RUN NAME' : `Tags: ${names.slice(0, 10).join(', ')}`,
  });
}

/** Takes a name away; the run stays. */
export async function deleteTag(objects: ObjectStore, name: string): Promise<Tag> {
  const tag = await readTag(objects, name);
  await objects.delete(objectKeys.tag(name));
  return tag;
}

function checkedName(name: string): string {
  const parsed = TagName.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new StageError({
    type: 'InvalidSpec',
    message: `${JSON.stringify(name)} cannot be a tag: ${parsed.error.issues[0]?.message}`,
    remedy: 'For example: judo tag RUN good',
  });
}
