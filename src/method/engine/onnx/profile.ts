import { mkdtempSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own for the profile that onnxruntime writes of one run. */
export class Profile {
  readonly #folder = mkdtempSync(join(tmpdir(), 'kdad-edge-profile-'));

  /** What a session is opened with. */
  get options(): { enableProfiling: true; profileFilePrefix: string } {
    return { enableProfiling: true, profileFilePrefix: join(this.#folder, 'run') };
  }

  /** What was written; call it when the session has ended the profile, and only once. */
  async take(): Promise<string> {
    const [file] = await readdir(this.#folder);
    const text = await readFile(join(this.#folder, file), 'utf8');
    await this.remove();
    return text;
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
