import { spawnSync } from 'node:child_process';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { setUpTensorflow } from '../../../../src/tools/setup/tensorflow/set-up.js';
import { folderWith } from '../../../fixtures/folder.js';
import { writePrograms } from '../../../fixtures/programs.js';

const hasPython = spawnSync('python3', ['-c', '']).status === 0;
if (!hasPython) console.warn('skipped: python3 is not installed, which is asked for its TensorFlow');

/** A Python that has nothing but what comes with it, and what PYTHONPATH adds. */
const BARE_PYTHON = 'exec python3 -S "$@"';

/** As much of a wheel as set-up looks for. */
const WHEEL = [
  '__init__.py',
  'libtensorflow_cc.so.2',
  'libtensorflow_framework.so.2',
  'include/tensorflow/c/c_api.h',
  'include/tensorflow/c/eager/c_api.h',
];

/** Puts an empty file where the compiler is told to put the addon. */
const COMPILER = 'while [ $# -gt 0 ]; do [ "$1" = -o ] && : > "$2"; shift; done';

let place: string;
let programs: string;
let folder: string;
beforeEach(async () => {
  place = await folderWith();
  programs = join(place, 'bin');
  folder = join(place, 'data', 'tensorflow');
  await mkdir(programs);
  await writePrograms(programs, { python: BARE_PYTHON, npm: 'exit 0', 'g++': COMPILER });
});

/** Files of a wheel where the Python above finds them. */
async function writeWheel(files: readonly string[] = WHEEL): Promise<void> {
  for (const file of files) {
    const path = join(place, 'site', 'tensorflow', file);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, '');
  }
}

/** What stands for the program that takes the step of training. */
async function verifyWith(script: string): Promise<URL> {
  const path = join(place, 'verify.mjs');
  await writeFile(path, script);
  return pathToFileURL(path);
}

const prints = (verified: object) => `console.log(${JSON.stringify(JSON.stringify(verified))});`;
const WORKS = prints({ version: '2.99.0', device: 'cpu', difference: 1e-6 });

interface SetUpWith {
  readonly python?: string;
  /** Text of the program that takes the step of training. */
  readonly verify?: string;
  readonly path?: readonly string[];
}

async function setUp({
  python = 'python',
  verify = WORKS,
  path = [programs, ...(process.env.PATH ?? '').split(delimiter)],
}: SetUpWith = {}) {
  const environment = {
    ...process.env,
    CXX: undefined,
    PATH: path.join(delimiter),
    PYTHONPATH: join(place, 'site'),
    KDAD_EDGE_TENSORFLOW: folder,
  };
  return setUpTensorflow({ python, environment, verifyEntry: await verifyWith(verify) });
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

describe.skipIf(!hasPython)('setting up TensorFlow', () => {
  it('makes a folder with the addon, and only tries it the next time', async () => {
    await writeWheel();
    const first = await setUp();
    expect(first).toMatchObject({ version: '2.99.0', device: 'cpu', kept: false, folder });
    expect(first.wheel.folder).toBe(join(place, 'site', 'tensorflow'));
    expect(await exists(join(folder, 'node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node'))).toBe(
      true,
    );
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    expect(manifest.dependencies['@tensorflow/tfjs-node-gpu']).toBe('4.22.0');
    await writePrograms(programs, { npm: 'exit 1', 'g++': 'exit 1' });
    expect(await setUp()).toMatchObject({ kept: true });
  });

  it('makes it anew when what is there does not work any more, or the wheel is another one', async () => {
    await writeWheel();
    await setUp();
    const onceBroken = `import { existsSync, writeFileSync } from 'node:fs';
      if (!existsSync('${place}/tried')) { writeFileSync('${place}/tried', ''); process.exit(1); }
      ${WORKS}`;
    expect(await setUp({ verify: onceBroken })).toMatchObject({ kept: false });
    await writeFile(join(folder, 'made-from.json'), '{}');
    expect(await setUp()).toMatchObject({ kept: false });
  });

  interface Failure {
    readonly given?: () => Promise<void>;
    readonly options?: () => SetUpWith;
    readonly code: string;
    readonly says: RegExp;
  }
  const failures: Record<string, Failure> = {
    'no Python': {
      options: () => ({ python: 'no-such-python' }),
      code: 'PYTHON_MISSING',
      says: /no-such-python: there is no such program/,
    },
    'a Python that does not work': {
      given: () => writePrograms(programs, { python: 'echo broken installation >&2; exit 1' }),
      code: 'PYTHON_MISSING',
      says: /python is not a working Python 3:\nbroken installation/,
    },
    'no wheel': {
      code: 'WHEEL_MISSING',
      says: /^python has no TensorFlow$/,
    },
    'a wheel without its library': {
      given: () => writeWheel(['__init__.py']),
      code: 'WHEEL_MISSING',
      says: /lacks .*tensorflow\/libtensorflow_cc\.so\.2/,
    },
    'no compiler': {
      given: async () => {
        await writeWheel();
        const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout;
        await writePrograms(programs, { 'g++': 'exit 1', python: `exec ${python.trim()} -S "$@"` });
      },
      options: () => ({ path: [programs] }),
      code: 'COMPILER_MISSING',
      says: /no C\+\+ compiler on the PATH \(g\+\+, clang\+\+, c\+\+\)/,
    },
    'an npm that fails': {
      given: async () => {
        await writeWheel();
        await writePrograms(programs, { npm: 'echo no network >&2; exit 1' });
      },
      code: 'NPM_FAILED',
      says: /cannot install @tensorflow\/tfjs-node-gpu 4\.22\.0:\nno network\n.*in .*tensorflow\.log/,
    },
    'a compiler that fails': {
      given: async () => {
        await writeWheel();
        const tenLines = 'for i in 1 2 3 4 5 6 7 8 9 10; do echo line $i; done';
        await writePrograms(programs, { 'g++': `[ "$1" = --version ] || { ${tenLines}; exit 1; }` });
      },
      code: 'COMPILE_FAILED',
      says: /^g\+\+ ended with exit code 1:\nline 3\n(.*\n)*line 10\n.*in .*tensorflow\.log$/,
    },
    'a library that crashes': {
      given: writeWheel,
      options: () => ({ verify: `process.kill(process.pid, 'SIGSEGV'); setInterval(() => {}, 1000);` }),
      code: 'TENSORFLOW_BROKEN',
      says: /crashes \(SIGSEGV\)/,
    },
    'an addon that cannot be loaded': {
      given: writeWheel,
      options: () => ({ verify: `console.error('undefined symbol'); process.exit(1);` }),
      code: 'TENSORFLOW_BROKEN',
      says: /cannot take a step of training:\n(.*\n)*.*undefined symbol/,
    },
    'a library that computes something else': {
      given: writeWheel,
      options: () => ({ verify: prints({ version: '2.99.0', device: 'cpu', difference: 0.5 }) }),
      code: 'TENSORFLOW_BROKEN',
      says: /differs by 0\.5 from onnxruntime's; expected 0\.01 at most/,
    },
    'a library that gives no numbers': {
      given: writeWheel,
      options: () => ({ verify: prints({ version: '2.99.0', device: 'cpu', difference: null }) }),
      code: 'TENSORFLOW_BROKEN',
      says: /gives no numbers/,
    },
  };
  it.each(Object.keys(failures))('says so of %s, and leaves nothing half done', async (name) => {
    const { given, options, code, says } = failures[name];
    await given?.();
    await expect(setUp(options?.())).rejects.toMatchObject({ code, message: expect.stringMatching(says) });
    expect(await exists(folder)).toBe(false);
    expect(await exists(`${folder}.partial`)).toBe(false);
  });

  it('leaves what was set up before when the next one fails', async () => {
    await writeWheel();
    await setUp();
    await writeFile(join(folder, 'made-from.json'), '{}');
    await writePrograms(programs, { npm: 'exit 1' });
    await expect(setUp()).rejects.toMatchObject({ code: 'NPM_FAILED' });
    expect(await exists(join(folder, 'package.json'))).toBe(true);
  });

  it('stops when it is told to', async () => {
    await writeWheel();
    await writePrograms(programs, { npm: 'sleep 60' });
    const controller = new AbortController();
    const environment = {
      ...process.env,
      PATH: `${programs}${delimiter}${process.env.PATH}`,
      PYTHONPATH: join(place, 'site'),
      KDAD_EDGE_TENSORFLOW: folder,
    };
    const onStep = (step: string) => step.startsWith('Installing') && setTimeout(() => controller.abort(), 100);
    const setting = setUpTensorflow({ python: 'python', environment, signal: controller.signal, onStep });
    await expect(setting).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await exists(`${folder}.partial`)).toBe(false);
  });
});
