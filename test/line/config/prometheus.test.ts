import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { folderWith } from '../../fixtures/folder.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  }[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

const rules: { readonly alert: string; readonly expr: string }[] = parse(read('config/prometheus/kdad-edge.rules.yml'))
  .groups[0].rules;
const dashboard: Dashboard = JSON.parse(read('config/grafana/kdad-edge.json'));
const asked = [
  ...rules.map(({ expr }) => expr),
  ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.flatMap(({ definition }) => definition ?? []),
];

const promtool = (...options: string[]) => spawnSync('promtool', options, { encoding: 'utf8' });
const missing = promtool('--version').error;
if (missing) console.warn('skipped: promtool is not installed, which checks rules');

describe('rules and dashboard', () => {
  it('ask for metrics that docs/metrics.md describes, and for no others', () => {
    const described = [...read('docs/metrics.md').matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].flatMap(([, name, type]) =>
      type === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name],
    );
    const metrics = asked.flatMap((expr) => expr.match(/\b(kdad|nodejs|process)_\w+/g) ?? []);
    expect(new Set(metrics).size).toBeGreaterThan(20);
    expect(described).toEqual(expect.arrayContaining(metrics));
  });
});

describe('config/prometheus', () => {
  it.skipIf(missing)('has rules that promtool understands', () => {
    const { status, stderr } = promtool('check', 'rules', join(root, 'config/prometheus/kdad-edge.rules.yml'));
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it.skipIf(missing)('has rules that fire when they should, and only then', () => {
    const { status, stdout, stderr } = promtool(
      'test',
      'rules',
      join(root, 'config/prometheus/kdad-edge.rules.test.yml'),
    );
    expect(status, `${stdout}${stderr}`).toBe(0);
  });

  it('tries every rule, and docs/operations.md says what to do about it', () => {
    const names = rules.map(({ alert }) => alert);
    const tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[] = parse(
      read('config/prometheus/kdad-edge.rules.test.yml'),
    ).tests;
    const fired = tests.flatMap((test) => test.alert_rule_test.filter(({ exp_alerts }) => exp_alerts.length > 0));
    expect(fired.map(({ alertname }) => alertname)).toEqual(names);
    const explained = [...read('docs/operations.md').matchAll(/^\| `(Kdad\w+)` \|/gm)].map(([, name]) => name);
    expect(explained).toEqual(names);
  });
});

describe('config/grafana/kdad-edge.json', () => {
  it.skipIf(missing)('asks in PromQL that promtool understands', async () => {
    const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const plain = expressions.map((expr) => expr.replaceAll('$__rate_interval', '5m'));
    const records = plain.map((expr, i) => ({ record: `panel:${i}`, expr }));
    const folder = await folderWith({
      'rules.yml': JSON.stringify({ groups: [{ name: 'dashboard', rules: records }] }),
    });
    const { status, stderr } = promtool('check', 'rules', join(folder, 'rules.yml'));
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('uses only variables that it has', () => {
    const names = dashboard.templating.list.map(({ name }) => name);
    const used = read('config/grafana/kdad-edge.json').matchAll(/\$\{?(\w+)\}?/g);
    expect([...names, '__rate_interval', '__all']).toEqual(expect.arrayContaining([...used].map(([, name]) => name)));
  });

  it('has panels that lie beside each other', () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      const { x, y, w, h } = gridPos;
      expect(x + w, title).toBeLessThanOrEqual(24);
      for (let column = x; column < x + w; column++)
        for (let row = y; row < y + h; row++) {
          expect(taken.has(`${column} ${row}`), title).toBe(false);
          taken.add(`${column} ${row}`);
        }
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });
});
