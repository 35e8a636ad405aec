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
      const commands = program().commands;
      const options = (command: Command) =>
        command.options.flatMap((option) => (option.long === undefined || option.long === null ? [] : [option.long]));
      const words = commands.map((command) => command.name()).join(' ');
      if (shell === 'fish') {
        process.stdout.write(
          commands.map((c) => `complete -c judo -n __fish_use_subcommand -a ${c.name()} -d ${JSON.stringify(c.description())}\n`).join(''),
        );
        for (const c of commands)
          for (const o of options(c))
            process.stdout.write(`complete -c judo -n "__fish_seen_subcommand_from ${c.name()}" -l ${o.slice(2)}\n`);
        return;
      }
      const cases = commands.map((c) => `    ${c.name()}) words="${[...c.commands.map((sub) => sub.name()), ...options(c)].join(' ')}" ;;`);
      const prelude = shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : '';
      process.stdout.write(`${prelude}_judo() {
  local words="${words}"
  [ "$COMP_CWORD" -gt 1 ] && case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}") $(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _judo judo
`);
    });
}
