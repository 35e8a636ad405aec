import { Command } from 'commander';
import { outputOption, positiveNumber, wholeNumber } from './options.js';

/** `judo data`: what is in a dataset, what is wrong with it, and a dataset for those who have none. */
export function dataCommand(): Command {
  return new Command('data')
    .description('Look at a dataset in the MMAD layout, check it, or draw a demo plant')
    .addCommand(demoCommand())
    .addCommand(checkCommand())
    .addCommand(showCommand())
    .addHelpText('after', '\nExamples:\n  $ judo data demo /tmp/plant\n  $ judo data check /tmp/plant');
}

function demoCommand(): Command {
  return new Command('demo')
    .description('Draw our own inspection benchmark: four products, three defects each, masks, questions, domain notes')
    .argument('<out>', 'a new folder, or a demo plant to draw again')
    .option('-n, --images <count>', 'how many test images', positiveNumber, 200)
    .option('--seed <number>', 'the same seed draws the same bytes', wholeNumber, 0)
    .option('--size <pixels>', "the pictures' side", positiveNumber, 256)
    .addHelpText('after', '\nExamples:\n  $ judo data demo /tmp/plant\n  $ judo data demo /tmp/plant --images 40 --seed 7 --size 512')
    .action(async (out: string, options: { images: number; seed: number; size: number }) => {
      const { drawPlant } = await import('../inspect-data.js');
      await drawPlant(out, options);
    });
}

function checkCommand(): Command {
  return new Command('check')
    .description('Find every problem of a dataset: files, masks, questions, snippets. Exit code 2 when there is one')
    .argument('<path>', "the dataset's folder, or its index file where that is not mmad.json")
    .addOption(outputOption())
    .option('--no-progress', 'do not count pictures on stderr')
    .addHelpText('after', '\nExamples:\n  $ judo data check ../shared/data/pcb-mini\n  $ judo data check /tmp/plant -o json')
    .action(async (path: string, options: { output?: 'json'; progress: boolean }) => {
      const { checkData } = await import('../inspect-data.js');
      process.exitCode = await checkData(path, options);
    });
}

function showCommand(): Command {
  return new Command('show')
    .description('Count the images and questions of a dataset by class and defect')
    .argument('<path>', "the dataset's folder, or its index file where that is not mmad.json")
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo data show ../shared/data/pcb-mini')
    .action(async (path: string, options: { output?: 'json' }) => {
      const { showData } = await import('../inspect-data.js');
      await showData(path, options);
    });
}
