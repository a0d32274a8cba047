import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Metrics } from '../../src/observability/metrics.js';

/** Metrics as they are when a camera has been added and has done nothing yet. */
function fresh(): Metrics {
  const metrics = new Metrics();
  metrics.addCamera('line');
  return metrics;
}

describe('the metrics', () => {
  it('have every series of a camera from the start, at zero', async () => {
    const lines = (await fresh().registry.metrics()).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'kdad_frames_received_total{camera="line"} 0',
        'kdad_frames_judged_total{camera="line",verdict="good"} 0',
        'kdad_frames_judged_total{camera="line",verdict="anomalous"} 0',
        'kdad_frames_dropped_total{camera="line",reason="busy"} 0',
        'kdad_frames_dropped_total{camera="line",reason="inference"} 0',
        'kdad_alerts_total{camera="line"} 0',
        'kdad_alert_open{camera="line"} 0',
        'kdad_camera_up{camera="line"} 0',
        'kdad_camera_reconnects_total{camera="line"} 0',
      ]),
    );
  });

  it('are all in docs/metrics.md with type and labels, and no others', async () => {
    const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| `(kdad_\w+)` \| (\w+) \| (.*?) \|/gm)].map(([, name, type, labels]) => ({
      name,
      type,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
    }));
    // prom-client keeps a metric's label names to itself; a full exposition shows only those with values.
    const registered = fresh()
      .registry.getMetricsAsArray()
      .filter(({ name }) => name.startsWith('kdad_'))
      .map((metric) => ({
        name: metric.name,
        type: String(metric.type),
        labels: (metric as unknown as { labelNames: string[] }).labelNames,
      }));
    expect(documented).toEqual(registered);
  });

  const promtool = spawnSync('promtool', ['--version']);
  if (promtool.error) console.warn('skipped: promtool is not installed, which checks the metrics');
  it.skipIf(promtool.error)('satisfy promtool', async () => {
    const text = await fresh().registry.metrics();
    // Only ours: prom-client's own metrics of Node.js have names that promtool finds fault with.
    const ours = text.split('\n').filter((line) => /^(# \w+ )?kdad_/.test(line));
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: `${ours.join('\n')}\n` });
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });
});
