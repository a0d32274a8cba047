import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { admitted, copied, readDockerfile, root, type Stage } from './dockerfile.js';

const files = { Dockerfile: readDockerfile('Dockerfile'), 'Dockerfile.jetson': readDockerfile('Dockerfile.jetson') };
const stages = Object.entries(files).flatMap(([file, { stages }]) => stages.map((stage) => ({ file, stage })));
/** What is run in the end: the stages that nothing else is made from. */
const images = stages.filter(({ stage }) => ['cpu', 'cuda', 'jetson'].includes(stage.name));

const all = ({ instructions }: Stage, name: string) =>
  instructions.filter((one) => one.name === name).map(({ text }) => text);

const below = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

describe('.dockerignore', () => {
  it('lets nothing in that is a secret, or made', () => {
    for (const path of [
      '.env',
      '.git',
      'docker/local',
      'docker/local/secrets/http_token',
      'node_modules',
      'dist',
      'models',
    ]) {
      expect(
        admitted().some((one) => below(path, one)),
        path,
      ).toBe(false);
    }
  });

  it('names what is there', () => {
    for (const path of admitted()) expect(existsSync(join(root, path)), path).toBe(true);
  });
});

describe.each(Object.entries(files))('%s', (file, { args, stages }) => {
  it('copies what is there and let in', () => {
    const sources = stages.flatMap(({ instructions }) => instructions.flatMap((one) => copied(one)?.sources ?? []));
    expect(sources.length).toBeGreaterThan(8);
    for (const source of sources) {
      expect(existsSync(join(root, source)), source).toBe(true);
      expect(
        admitted().some((one) => below(source, one) || below(one, source)),
        `${source} is kept out`,
      ).toBe(true);
    }
  });

  it('copies from stages and images that there are', () => {
    const names = stages.map(({ name }) => name);
    for (const { instructions } of stages) {
      for (const { text } of instructions.filter(({ name }) => name === 'COPY')) {
        const from = /^--from=(\S+)/.exec(text)?.[1];
        if (from) expect(names).toContain(from);
      }
    }
  });

  it('runs scripts that are there and may be executed', () => {
    const scripts = stages.flatMap((stage) =>
      ['RUN', 'HEALTHCHECK']
        .flatMap((name) => all(stage, name))
        .flatMap((text) => text.match(/docker\/[\w/.-]+\.\w+/g) ?? []),
    );
    expect(scripts).toContain('docker/healthcheck.js');
    for (const script of scripts) accessSync(join(root, script), constants.X_OK);
  });

  it('begins with images of a certain version each, which arguments may replace', () => {
    for (const { from } of stages) {
      const argument = /^\$\{(\w+)\}$/.exec(from)?.[1];
      if (argument) expect(args.get(argument), argument).toMatch(/^[\w./-]+:[\w.-]*\d[\w.-]*$/);
      else expect(from).toMatch(/^ffmpeg-\$\{FFMPEG\}$/);
    }
    if (file === 'Dockerfile.jetson') {
      expect(stages.map(({ name }) => name)).toContain(`ffmpeg-${args.get('FFMPEG')}`);
    }
  });
});

describe('images', () => {
  it('are three', () => {
    expect(images.map(({ stage }) => stage.name)).toEqual(['cuda', 'cpu', 'jetson']);
  });

  it('are the plain one where none is asked for', () => {
    expect(files.Dockerfile.stages.at(-1)?.name).toBe('cpu');
    expect(files['Dockerfile.jetson'].stages.at(-1)?.name).toBe('jetson');
  });

  it.each(images)('run as a user without rights, and stop and answer as the others: $stage.name', ({ stage }) => {
    const last = stage.instructions.findIndex(({ name }) => name === 'USER');
    expect(stage.instructions[last].text).toBe('kdad-edge');
    // Nothing is made as that user, and nobody else comes after.
    expect(stage.instructions.slice(last + 1).map(({ name }) => name)).toEqual([
      'VOLUME',
      'EXPOSE',
      'STOPSIGNAL',
      'HEALTHCHECK',
      'ENTRYPOINT',
      'CMD',
    ]);
    expect(stage.instructions.slice(last)).toEqual(images[0].stage.instructions.slice(-7));
    expect(all(stage, 'VOLUME')[0]).toBe('["/etc/kdad-edge", "/var/lib/kdad-edge", "/var/lib/kdad-edge/models"]');
    expect(all(stage, 'RUN')).toContain('/opt/kdad-edge/docker/build/user.sh');
  });

  it('build the application by the same steps', () => {
    const apps = Object.values(files).map(({ stages }) => stages.find(({ name }) => name === 'app'));
    expect(apps[0]).toBeDefined();
    expect(apps[1]).toEqual(apps[0]);
  });
});
