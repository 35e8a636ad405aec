import { readFileSync } from 'node:fs';
import { createPipelineActivities } from '../activities/stage/pipeline-activities.js';
import { createRaisePriority } from '../adapters/task-queue/raise-priority.js';
import { loadSettings } from '../infra/settings.js';
import { queues, workflowBuildsLookMs } from '../temporal.config.js';
import { openStores } from './stores.js';
import { cpuActivities, nightlyActivities, reportActivities, teacherActivities } from './stage-activities.js';
import { runWorkers, WORKFLOW_BUNDLE } from './run-workers.js';
import { createTeachers } from './teachers.js';
import { serveWorkflowBuilds } from './workflow-builds.js';

/** The worker of the queues that need no GPU: workflows, pictures and reports, teacher calls. */
const settings = loadSettings();
const stores = openStores(settings);
const deps = { ...stores, settings };
const teachers = createTeachers(deps);

try {
  await runWorkers(
    settings,
    [
      {
        taskQueue: queues.cpu,
        activities: { ...cpuActivities(deps), ...nightlyActivities(deps), ...reportActivities(deps) },
        maxConcurrentActivityTaskExecutions: 4,
        shutdownGraceTime: '5s',
      },
      {
        taskQueue: queues.teacher,
        activities: teacherActivities(deps, teachers),
        maxConcurrentActivityTaskExecutions: 4,
        shutdownGraceTime: '5s',
      },
    ],
    (host) =>
      serveWorkflowBuilds(host, {
        code: readFileSync(WORKFLOW_BUNDLE, 'utf8'),
        objects: stores.objects,
        everyMs: workflowBuildsLookMs,
        worker: {
          taskQueue: queues.pipeline,
          activities: { ...createPipelineActivities({ ...stores, raise: createRaisePriority(host) }) },
          maxConcurrentLocalActivityExecutions: 100,
          shutdownGraceTime: '5s',
        },
      }),
  );
} finally {
  // What is on the wire is paid for: it is kept, whatever ends this process.
  await teachers.settled();
}
process.exit(0);
