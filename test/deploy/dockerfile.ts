// Reads a Dockerfile: its stages and their instructions, continuation lines joined, comments left out.

export interface Instruction {
  name: string;
  /** What follows the name, on one line. */
  text: string;
}

export interface Stage {
  from: string;
  /** `AS` name. */
  name: string | undefined;
  instructions: Instruction[];
}

/** Throws when a line is no instruction, or stands before the first FROM. */
export function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  const lines = text.replaceAll(/^\s*#.*\n/gm, '').replaceAll(/\\\n\s*/g, '');
  for (const line of lines.split('\n').filter((line) => line.trim() !== '')) {
    const match = /^([A-Z]+)\s+(.+)$/.exec(line);
    if (!match) throw new Error(`no instruction: ${line}`);
    const [, name, rest] = match as unknown as [string, string, string];
    if (name === 'FROM') {
      const [, from, alias] = /^(?:--platform=\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?$/.exec(
        rest,
      ) as unknown as string[];
      stages.push({ from: from, name: alias, instructions: [] });
    } else {
      if (stages.length === 0) throw new Error(`before the first FROM: ${line}`);
      stages.at(-1)!.instructions.push({ name, text: rest.trim() });
    }
  }
  return stages;
}
