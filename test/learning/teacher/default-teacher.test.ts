import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { defaultTeacher } from '../../../src/learning/teacher/default-teacher.js';
import { embedded } from '../../../src/learning/teacher/store.js';
import { folderWith } from '../../fixtures/folder.js';

it('learns from what comes along, and says how to get a better teacher', async () => {
  const { path, about } = await defaultTeacher({ KDAD_EDGE_TEACHERS: await folderWith() });
  expect(path).toBe(embedded.path);
  expect(about).toBe(
    'Teacher kdad-r18, which comes along; kdad-edge teacher pull resnet18.tv_in1k fetches one that tells more defects',
  );
});

it("learns from ImageNet's own network once it was pulled, whatever else is kept", async () => {
  const folder = await folderWith();
  for (const name of ['another', 'resnet18.tv_in1k']) await cp(embedded.path, join(folder, `${name}.safetensors`));
  const { path, about } = await defaultTeacher({ KDAD_EDGE_TEACHERS: folder });
  expect(path).toBe(join(folder, 'resnet18.tv_in1k.safetensors'));
  expect(about).toContain('Teacher resnet18.tv_in1k, which was pulled');
});
