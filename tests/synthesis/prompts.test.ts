import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isReasoning } from '../../activities/synthesis/golden-reasoning.js';
import { isComparison } from '../../activities/synthesis/segmentation-set.js';
import { domInjPrompt, judoPrompt, segJuxPrompt } from '../../activities/synthesis/student-prompts.js';
import { comparisonPrompt, domainPairsPrompt, paraphrasePrompt, reasoningPrompt } from '../../activities/synthesis/teacher-prompts.js';

describe('the student’s prompts', () => {
  test('ask for cells, reasoning and a letter, and list the options in their order', () => {
    const prompt = judoPrompt('Is there any defect?', { A: 'Yes.', B: 'No.' });
    expect(prompt).toMatch(/Question: Is there any defect\?\nOptions:\nA\. Yes\.\nB\. No\.\n/);
    expect(prompt).toMatch(/<seg>.*<\/seg>.*<think>.*<\/think>.*<answer>letter<\/answer>/s);
    expect(segJuxPrompt()).toMatch(/<seg>.*<\/seg>.*<think>.*<\/think>/);
    expect(domInjPrompt(' What is a spur? ')).toMatch(/ What is a spur\?$/);
  });
});

test.each([comparisonPrompt, domainPairsPrompt, paraphrasePrompt, reasoningPrompt].map((prompt) => [prompt.name, prompt.output] as const))(
  'the schema of %s is one that structured outputs admit: every field required, none beside',
  (_, output) => {
    const check = (schema: unknown): void => {
      const object = z.object({
        properties: z.record(z.string(), z.unknown()),
        required: z.array(z.string()),
        additionalProperties: z.literal(false),
      });
      const { type } = z.object({ type: z.string() }).parse(schema);
      if (type === 'array') check(z.object({ items: z.unknown() }).parse(schema).items);
      if (type !== 'object') return;
      const { properties, required } = object.parse(schema);
      expect(required).toEqual(Object.keys(properties));
      Object.values(properties).forEach(check);
    };
    check(z.toJSONSchema(output));
  },
);

describe('what is accepted', () => {
  test('a comparison of a few sentences that does not speak of the drawn outline; red marks are a defect', () => {
    const good = 'The first image shows red marks along the edge of the object, which the second image does not have.';
    expect(isComparison(good)).toBe(true);
    expect(isComparison(`${good} A red outline surrounds them.`)).toBe(false);
    expect(isComparison(`${good} See the bounding box.`)).toBe(false);
    expect(isComparison('A scratch.')).toBe(false);
  });

  test('reasoning of the asked length that ends in the right letter or in the option’s own words', () => {
    const question = { answer: 'C', options: { A: 'Dent.', C: 'Mouse bite.' } };
    const length = { minWords: 10, maxWords: 30 };
    const body = 'The first image shows a trace with a notch that the second image lacks';
    expect(isReasoning(`${body}, so the answer is C.`, question, length)).toBe(true);
    expect(isReasoning(`${body}, which makes it a mouse bite.`, question, length)).toBe(true);
    expect(isReasoning(`${body}, so the answer is A.`, question, length)).toBe(false);
    expect(isReasoning('So the answer is C.', question, length)).toBe(false);
    expect(isReasoning(`${body} ${body} ${body}, so the answer is C.`, question, length)).toBe(false);
  });
});
