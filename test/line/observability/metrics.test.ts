import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { HttpServer } from '../../../src/line/observability/http-server.js';
import { Metrics } from '../../../src/line/observability/metrics.js';

const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');

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
        'kdad_frames_judged_total{camera="line",verdict="review"} 0',
        'kdad_frames_judged_total{camera="line",verdict="anomalous"} 0',
        'kdad_frames_dropped_total{camera="line",reason="busy"} 0',
        'kdad_frames_dropped_total{camera="line",reason="inference"} 0',
        'kdad_frame_latency_seconds_count{camera="line"} 0',
        'kdad_frame_latency_seconds_bucket{le="+Inf",camera="line"} 0',
        'kdad_alerts_total{camera="line"} 0',
        'kdad_alert_open{camera="line"} 0',
        'kdad_camera_up{camera="line"} 0',
        'kdad_camera_reconnects_total{camera="line"} 0',
      ]),
    );
    expect(lines.filter((line) => line.startsWith('kdad_anomaly_ratio'))).toEqual([]);
  });

  it('forget a camera that is watched no more', async () => {
    const metrics = fresh();
    metrics.addCamera('other');
    metrics.framesJudged.inc({ camera: 'line', verdict: 'good' });
    metrics.frameLatencySeconds.observe({ camera: 'line' }, 0.1);
    const detector = { model: 'm', engine: 'onnx', device: 'cpu', asked: 'auto', fallback: 'false' };
    metrics.inferenceDevice.set(detector, 1);
    metrics.cameraDecoder.set({ camera: 'line', decoder: 'none', fallback: 'false' }, 1);
    await metrics.removeCamera('line');
    const text = await metrics.registry.metrics();
    expect(text).not.toContain('camera="line"');
    expect(text).toContain('kdad_frames_judged_total{camera="other",verdict="good"} 0');
  });

  it('are all in docs/metrics.md with type, labels and help, and no others', async () => {
    const rows = page.matchAll(/^\| `(kdad_\w+)` \| (\w+) \| (.*?) \| (.*) \|$/gm);
    const documented = [...rows].map(([, name, type, labels, meaning]) => ({
      name,
      type,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
      help: meaning.replaceAll('`', ''),
    }));
    // prom-client keeps a metric's label names to itself; a full exposition shows only those with values.
    const registered = fresh()
      .registry.getMetricsAsArray()
      .filter(({ name }) => name.startsWith('kdad_'))
      .map((metric) => ({
        name: metric.name,
        type: String(metric.type),
        labels: (metric as unknown as { labelNames: string[] }).labelNames,
        help: metric.help,
      }));
    expect(documented).toEqual(registered);
  });

  it('of the process that docs/metrics.md names are there', () => {
    const named = [...page.matchAll(/^\| `((?:process|nodejs)_\w+)` \| (\w+) \|/gm)].map(([, name, type]) => ({
      name,
      type,
    }));
    const there = fresh()
      .registry.getMetricsAsArray()
      .map(({ name, type }) => ({ name, type: String(type) }));
    expect(named.length).toBeGreaterThanOrEqual(3);
    expect(there).toEqual(expect.arrayContaining(named));
  });

  it('say nothing about a broker where none is configured', async () => {
    const metrics = fresh();
    expect(await metrics.registry.metrics()).toContain('kdad_mqtt_connected 0\n');
    metrics.withoutBroker();
    expect(await metrics.registry.metrics()).not.toContain('kdad_mqtt_connected');
  });

  const promtool = spawnSync('promtool', ['--version']);
  if (promtool.error) console.warn('skipped: promtool is not installed, which checks the metrics');
  it.skipIf(promtool.error)('satisfy promtool', async () => {
    const token = 'secret';
    const pages = { metrics: fresh().registry, status: () => ({}), readiness: () => ({ ready: true }) };
    const server = new HttpServer({ host: '127.0.0.1', port: 0, token }, pages);
    onTestFinished(() => server.stop());
    const address = `http://127.0.0.1:${await server.start()}/metrics`;
    const text = await (await fetch(address, { headers: { authorization: `Bearer ${token}` } })).text();
    expect(text).toContain('# TYPE kdad_frames_judged_total counter');
    // Only ours: prom-client's own metrics of Node.js have names that promtool finds fault with.
    const ours = text.split('\n').filter((line) => /^(# \w+ )?kdad_/.test(line));
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: `${ours.join('\n')}\n` });
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });

  it.skipIf(promtool.error)('are asked for in PromQL that promtool understands, and that asks for none unknown', () => {
    const blocks = [...page.matchAll(/^```promql\n(.*?)```/gms)].map(([, expression]) => expression);
    const rules = blocks.map((expr, i) => ({ record: `rule:${i}`, expr }));
    expect(rules.length).toBeGreaterThanOrEqual(4);
    const file = join(inject('shared'), 'documented-rules.yml');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'documented', rules }] })); // JSON is YAML, too.
    const { status, stderr } = spawnSync('promtool', ['check', 'rules', file]);
    expect(stderr.toString()).toBe('');
    expect(status).toBe(0);
    const known = fresh()
      .registry.getMetricsAsArray()
      .map(({ name }) => name);
    const asked = rules
      .flatMap(({ expr }) => expr.match(/kdad_\w+/g) ?? [])
      .map((name) => name.replace(/_bucket$/, ''));
    expect(known).toEqual(expect.arrayContaining(asked));
  });
});
