import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const reference = /\$(\$)?\{([^}]*)\}/g;

/**
 * Fills in the references of a text: `${NAME}` is a variable of the environment, `${file:PATH}` the contents of a file
 * without the line break at its end. `$${` stands for `${` itself. So a secret need not be in the configuration.
 *
 * @param folder that relative paths start from
 * @throws Error that names what is missing, never what it holds
 */
export function fillReferences(text: string, folder: string, environment: NodeJS.ProcessEnv): string {
  return text.replace(reference, (whole, escaped: string | undefined, name: string) => {
    if (escaped) return whole.slice(1);
    if (name.startsWith('file:')) return readSecret(resolve(folder, name.slice('file:'.length)));
    const value = environment[name];
    if (value === undefined) throw new Error(`the environment has no variable ${name}`);
    return value;
  });
}

/** A small file's text without the line break at its end. */
export function readSecret(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new Error(`cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
