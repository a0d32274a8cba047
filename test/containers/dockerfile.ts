import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Instruction {
  /** In capitals, say `COPY`. */
  readonly name: string;
  readonly text: string;
}

export interface Stage {
  readonly from: string;
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  /** The defaults of the arguments before the first stage. */
  readonly args: ReadonlyMap<string, string>;
  readonly stages: readonly Stage[];
}

/**
 * Reads a Dockerfile of this repository: comments, instructions over several lines and stages; no here-documents, which
 * none has.
 */
export function readDockerfile(name: string): Dockerfile {
  const text = readFileSync(join(root, name), 'utf8')
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '');
  const args = new Map<string, string>();
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const [, name, text_] of text.matchAll(/^([A-Z]+)\s+(.+)$/gm)) {
    if (name === 'FROM') {
      const [from, , stage] = text_.split(/\s+/);
      stages.push({ from, name: stage, instructions: [] });
    } else if (stages.length > 0) stages.at(-1)?.instructions.push({ name, text: text_ });
    else if (name === 'ARG') args.set(...(text_.split('=') as [string, string]));
  }
  return { args, stages };
}

/** What a `COPY` from the build context takes, and where it goes; undefined for one from another stage. */
export function copied({ name, text }: Instruction): { sources: string[]; target: string } | undefined {
  if (name !== 'COPY' || text.startsWith('--from=')) return undefined;
  const paths = text.split(/\s+/);
  return { sources: paths.slice(0, -1), target: paths.at(-1) as string };
}

/** What .dockerignore lets into a build: it refuses everything else. */
export function admitted(): string[] {
  const lines = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'));
  if (lines[0] !== '*' || lines.slice(1).some((line) => !line.startsWith('!')))
    throw new Error('expected * and !PATHs');
  return lines.slice(1).map((line) => line.slice(1));
}
