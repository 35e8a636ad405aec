import { Argument, Command } from 'commander';

/** Completion scripts, written from the program itself. */
export function completionCommand(program: () => Command): Command {
  return new Command('completion')
    .description('Print a completion script for your shell')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      '\nExamples:\n  $ source <(judo completion bash)\n  $ judo completion fish > ~/.config/fish/completions/judo.fish',
    )
    .action((shell: string) => {
      process.stdout.write(shell === 'fish' ? fishScript(program()) : bashScript(program(), shell === 'zsh'));
    });
}

const optionsOf = (command: Command): string[] =>
  command.options.flatMap(({ long }) => (long === undefined || long === null ? [] : [long]));

/** What may follow a command: the commands below it, the words its first argument knows, its options. */
const wordsAfter = (command: Command): string[] => [
  ...command.commands.map((below) => below.name()),
  ...(command.registeredArguments[0]?.argChoices ?? []),
  ...optionsOf(command),
];

function bashScript(judo: Command, isZsh: boolean): string {
  const one = judo.commands.map((command) => `    ${command.name()}) words="${wordsAfter(command).join(' ')}" ;;`);
  const two = judo.commands.flatMap((group) =>
    group.commands.map((command) => `    "${group.name()} ${command.name()}") words="${wordsAfter(command).join(' ')}" ;;`),
  );
  return `${isZsh ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_judo() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words="${wordsAfter(judo).join(' ')}"
  [ "$COMP_CWORD" -gt 1 ] && case "\${COMP_WORDS[1]}" in
${one.join('\n')}
  esac
  [ "$COMP_CWORD" -gt 2 ] && case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${two.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word") $(compgen -f -- "$word"))
}
complete -o filenames -F _judo judo
`;
}

function fishScript(judo: Command): string {
  const lines = judo.commands.flatMap((command) => [
    `complete -c judo -n __fish_use_subcommand -a ${command.name()} -d ${fishWord(command.description())}`,
    ...optionsOf(command).map((long) => `complete -c judo -n "__fish_seen_subcommand_from ${command.name()}" -l ${long.slice(2)}`),
    ...command.commands.flatMap((below) => [
      `complete -c judo -n "__fish_seen_subcommand_from ${command.name()}" -a ${below.name()} -d ${fishWord(below.description())}`,
      ...optionsOf(below).map(
        (long) =>
          `complete -c judo -n "__fish_seen_subcommand_from ${command.name()}; and __fish_seen_subcommand_from ${below.name()}" -l ${long.slice(2)}`,
      ),
    ]),
  ]);
  return `${lines.join('\n')}\n`;
}

const fishWord = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
