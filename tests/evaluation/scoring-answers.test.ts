import { describe, expect, test } from 'vitest';
import { findLetter, readLetter } from '../../activities/evaluation/answers.js';
import { readMmadPath } from '../../activities/evaluation/paths.js';
import { questionText, subtaskOf } from '../../activities/evaluation/questions.js';
import { sequenceRatio } from '../../activities/evaluation/sequence-matcher.js';

const options = { A: 'Yes.', B: 'No.', C: 'Maybe.', D: 'Unknown.' };

describe('reading a letter', () => {
  test.each([
    ['mmad', 'A or B? I say B.', 'B'],
    ['mmad', 'yes', 'A'],
    ['mmad', 'I would say yes', 'C'],
    ['judo_eval', '<seg>None</seg><think>C fits</think><answer>B</answer>', 'B'],
    ['judo_eval', '<think>C fits</think><answer> B </answer>', 'C'],
    ['judo_eval', 'nothing', null],
    ['anomalyr1', '<think>A</think><answer>no.</answer>', 'B'],
    ['anomalyr1', 'B without a tag', null],
    ['iad_r1', '<answer> no </answer>', 'B'],
    ['iad_r1', '<answer>\nYes\n</answer>', null],
    ['strict', '<think>A</think><answer>B</answer>', 'B'],
    ['strict', '<answer>E</answer>', null],
    ['strict', 'A crack runs through the PCB', null],
  ] as const)('%s reads %j as %s', (profile, text, letter) => {
    expect(readLetter(text, options, profile)).toBe(letter);
  });

  test.each([
    ['A', 'A'],
    ['(B)', 'B'],
    ['A scratch is seen on the PCB.', null],
    ['The USB-C port and vitamin-C label are whole', null],
    ['A is right', 'A'],
    ['the best choice is A', 'A'],
    ['Option B is wrong, so D.', 'D'],
    ['The answer is B, not A.', 'B'],
    ['I choose C over D', 'C'],
    ['ABCD', null],
    ['', null],
  ])('our finder reads %j as %s', (text, letter) => {
    expect(findLetter(text)).toBe(letter);
  });

  test('similarity is difflib’s, popular characters of long texts included', () => {
    // Figures printed by Python 3.11's difflib.SequenceMatcher(None, a, b).ratio().
    expect(sequenceRatio('abcd', 'bcde')).toBe(0.75);
    expect(sequenceRatio('', '')).toBe(1);
    expect(sequenceRatio('Yes.', 'yes')).toBeCloseTo(0.5714285714285714, 15);
    expect(sequenceRatio('ba', 'a'.repeat(199))).toBeCloseTo(0.009950248756218905, 15);
    expect(sequenceRatio('ba', 'a'.repeat(200))).toBe(0);
  });
});

describe('questions and paths', () => {
  test('options are lettered by their order, whatever their keys are', () => {
    expect(questionText({ Question: 'What?', Options: { C: 'x', A: 'y.' } }, 2)).toBe('Question 3: What? \nA. x\nB. y.\n');
  });

  test('structure and details count as object analysis, and an unknown type is refused by name', () => {
    expect(subtaskOf('Object Structure')).toBe('Object Analysis');
    expect(() => subtaskOf('Object Colour')).toThrow('unknown question type "Object Colour"');
  });

  test('the defect is the parent folder in our profile and a fixed position in the published one', () => {
    const key = 'VisA/candle/test/bad/000.JPG';
    expect(readMmadPath(key, null)).toMatchObject({ defect: 'bad', isNormal: false, mask: null });
    expect(readMmadPath(key, null, 'mmad_code').defect).toBe('test');
    expect(readMmadPath('DS-MVTec/goodie/image/hole/1.png', 'm/1.png')).toMatchObject({ isNormal: false, knowledgeDataset: 'MVTec' });
    expect(() => readMmadPath('a/b.png', null)).toThrow('not an MMAD key');
  });
});
