import { join } from 'node:path';
import { createArtifactStore } from '../activities/artifacts/artifact-store.js';
import { createPlanStore, type PlanStore } from '../activities/stage/plan-store.js';
import { createS3ObjectStore } from '../adapters/object-store/s3.js';
import type { ArtifactStore } from '../contracts/ports/artifact-store.js';
import type { ObjectStore } from '../contracts/ports/object-store.js';
import type { Settings } from '../infra/settings.js';

/** The stores that every process of ours opens: the bucket, the artifacts in it with this machine's cache, the plans. */
export interface Stores {
  readonly objects: ObjectStore;
  readonly artifacts: ArtifactStore;
  readonly plans: PlanStore;
}

export function openStores(settings: Settings): Stores {
  const { endpoint, bucket, region, credentials } = settings.s3;
  const objects = createS3ObjectStore({
    bucket,
    region,
    ...(endpoint === null ? {} : { endpoint }),
    ...(credentials === null ? {} : { credentials }),
  });
  return { objects, artifacts: createArtifactStore({ objects, cacheDir: join(settings.home, 'cache') }), plans: createPlanStore(objects) };
}
