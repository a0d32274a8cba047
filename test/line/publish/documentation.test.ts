import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cameraCommands, daemonCommands } from '../../../src/line/control/commands.js';
import { discoveryPayload } from '../../../src/line/publish/home-assistant.js';
import {
  alertPayload,
  inspectionPayload,
  statePayload,
  topics,
  verdictPayload,
} from '../../../src/line/publish/topics.js';
import { judged } from '../../fixtures/frames.js';

const bottle = { name: 'bottle', version: '7' };

const page = readFileSync(new URL('../../../docs/mqtt.md', import.meta.url), 'utf8');

/** The first example below a heading. */
function example(heading: string): object {
  const [, json] = new RegExp(`^## ${heading}\\n[^#]*?\`\`\`json\\n(.*?)\`\`\``, 'ms').exec(page) ?? [];
  return JSON.parse(json);
}

describe('docs/mqtt.md', () => {
  it('has every topic, and no other', () => {
    const { availability, state, inspection, alert, heatmap, verdict, command, cameraCommand, reply } =
      topics('<prefix>');
    const documented = [...page.matchAll(/^\| `(<prefix>[^`]*)` \|/gm)].map(([, topic]) => topic);
    expect(documented).toEqual([
      availability,
      ...[state, inspection, alert, heatmap, verdict].map((of) => of('<camera>')),
      command('<command>'),
      cameraCommand('<camera>', '<command>'),
      reply,
    ]);
  });

  it('shows payloads as they are, and tells of every field of an alert', () => {
    const worst = judged(9, 2);
    const opened = {
      kind: 'opened',
      id: 'a',
      camera: 'line-1',
      time: 0,
      openedAt: 0,
      duration: 0,
      peak: worst,
    } as const;
    const keys = (json: string) => Object.keys(JSON.parse(json));
    expect(Object.keys(example('alert'))).toEqual(keys(alertPayload(opened, bottle)));
    expect(Object.keys(example('verdict'))).toEqual(keys(verdictPayload(worst.verdict, bottle)));
    expect(Object.keys(example('state'))).toEqual(keys(statePayload('live', 0, undefined)));
    const open = { alert: 'open', id: 'a', openedAt: 0, ratio: 1, verdict: 'review', time: 0 } as const;
    expect(Object.keys(example('inspection'))).toEqual(keys(inspectionPayload(open)));
    const discovery = { prefix: 'plant/box-1', topics: topics('plant/box-1') };
    expect({ ...example('Home Assistant'), device: {}, origin: {} }).toEqual({
      ...discoveryPayload('line-1', discovery),
      device: {},
      origin: {},
    });
    for (const field of keys(alertPayload({ ...opened, kind: 'closed', reason: 'released' }, bottle))) {
      expect(page).toMatch(new RegExp(`^\\| .*\`${field}\`.* \\| .+ \\|$`, 'm'));
    }
  });

  it('has every command', () => {
    const [, section] = /^## command\n(.*?)^## /ms.exec(page) ?? [];
    const documented = [...section.matchAll(/^\| `([^`]*)` \|/gm)].map(([, topic]) => topic);
    expect(documented).toEqual([
      ...[...cameraCommands.keys()].map((name) => `cameras/<camera>/command/${name}`),
      ...[...daemonCommands.keys()].map((name) => `command/${name}`),
    ]);
  });
});
