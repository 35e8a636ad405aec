import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { checkoutRoot } from './checkout.js';
import { writeWhole } from './stack/state.js';

/** Set-up's step: one bundle of the workflows, so that no worker spends its start on webpack. */
const dist = join(checkoutRoot(), 'dist');
const { code } = await bundleWorkflowCode({ workflowsPath: createRequire(import.meta.url).resolve(join(dist, 'workflows', 'index.js')) });
writeWhole(join(dist, 'workflow-bundle.js'), code);
