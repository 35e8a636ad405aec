import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { checkoutRoot } from '../../infra/checkout.js';
import type { Settings } from '../../infra/settings.js';
import type { Check, Verdict } from './check.js';

/** The last day on which OpenAI answers for a model, as announced; a month without a day counts from its first. */
const MODEL_ENDS: Readonly<Record<string, string>> = { 'gpt-5': '2026-12-01', 'gpt-5-mini': '2026-12-01' };
const WARN_DAYS = 90;
const DAY_MS = 86_400_000;

/** Checks of the teachers: the rehearsal one answers, the real one's key is taken, no recipe asks a model that ends. */
export function teacherChecks({ teacher }: Settings): Check[] {
  return [
    {
      name: 'rehearsal teacher',
      remedy: '`judo up` starts it; its log is in JUDO_HOME/logs/teacher.log',
      look: () => rehearsal(teacher.rehearsalUrl),
    },
    { name: 'teacher key', remedy: 'set OPENAI_API_KEY (and OPENAI_BASE_URL for another endpoint)', look: () => key(teacher) },
    {
      name: 'teacher models',
      remedy: 'name a model that stays in the recipe’s teacher.model',
      look: async () => sunsets(recipeModels(), new Date()),
    },
  ];
}

async function rehearsal(url: string | null): Promise<Verdict> {
  if (url === null) return { fail: 'none runs' };
  const response = await fetch(`${url}/models`, { signal: AbortSignal.timeout(5000) });
  return response.ok ? { ok: url } : { fail: `${url} answers ${response.status}` };
}

async function key({ baseUrl, hasApiKey }: Settings['teacher']): Promise<Verdict> {
  if (!hasApiKey) return { ok: 'no OPENAI_API_KEY: recipes with teacher.model rehearsal run, others need one' };
  const url = `${(baseUrl ?? 'https://api.openai.com/v1').replace(/\/$/, '')}/models`;
  try {
    const headers = { authorization: `Bearer ${process.env.OPENAI_API_KEY}` };
    const { status, ok } = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) });
    if (status === 401 || status === 403) return { fail: `${url} refuses OPENAI_API_KEY (${status})` };
    return ok
      ? { ok: `${url} takes OPENAI_API_KEY` }
      : { warn: `${url} answers ${status}`, remedy: 'try again later, or see the endpoint’s status page' };
  } catch (error) {
    return {
      warn: `${url} cannot be reached (${error instanceof Error ? error.message : String(error)})`,
      remedy: 'check the network and OPENAI_BASE_URL',
    };
  }
}

/** The teacher's model of each recipe in recipes/. A file that does not parse is for `judo plan` to say. */
function recipeModels(): { recipe: string; model: string }[] {
  const directory = join(checkoutRoot(), 'recipes');
  return readdirSync(directory)
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((recipe) => {
      const model = modelIn(readFileSync(join(directory, recipe), 'utf8'));
      return model === null ? [] : [{ recipe, model }];
    });
}

function modelIn(text: string): string | null {
  try {
    const recipe = parse(text) as { teacher?: { model?: unknown } } | null;
    return typeof recipe?.teacher?.model === 'string' ? recipe.teacher.model : null;
  } catch {
    return null;
  }
}

/** Recipes whose teacher has ended or soon will. */
export function sunsets(recipes: readonly { recipe: string; model: string }[], today: Date): Verdict {
  const ending = recipes.flatMap(({ recipe, model }) => {
    const end = MODEL_ENDS[model];
    const days = end === undefined ? Infinity : (new Date(end).getTime() - today.getTime()) / DAY_MS;
    return days > WARN_DAYS ? [] : [`recipes/${recipe}: ${model} ${days < 0 ? 'ended' : 'ends'} ${end}`];
  });
  if (ending.length > 0) return { warn: ending.join('; ') };
  return { ok: [...new Set(recipes.map(({ model }) => model))].join(', ') || 'no recipe names one' };
}
