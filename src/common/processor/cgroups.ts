import { join, posix } from 'node:path';

/** Where a control group's files of processor time lie, and how the kernel's version of control groups names them. */
export interface GroupFolder {
  readonly version: 1 | 2;
  readonly path: string;
}

interface Mount {
  readonly version: 1 | 2;
  /** The group that is mounted there: a container may see its own alone. */
  readonly root: string;
  readonly point: string;
}

/**
 * The folders of the groups that limit this process's processor time, from its own group up to the highest that can be
 * seen: each of them counts.
 *
 * @param cgroup `/proc/self/cgroup`, as cgroups(7) has it
 * @param mountinfo `/proc/self/mountinfo`, as proc_pid_mountinfo(5) has it
 */
export function groupFolders(cgroup: string, mountinfo: string): GroupFolder[] {
  const groups = groupsOf(cgroup);
  return mountsOf(mountinfo).flatMap((mount) => {
    const group = groups[mount.version];
    return group === undefined ? [] : upwards(mount, group);
  });
}

/** The process's group in the hierarchy of version 2, and in that of version 1 which has the processor. */
function groupsOf(cgroup: string): Partial<Record<1 | 2, string>> {
  const groups: Partial<Record<1 | 2, string>> = {};
  for (const line of cgroup.split('\n')) {
    const [, number, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    if (number === '0' && controllers === '') groups[2] = path;
    else if (controllers.split(',').includes('cpu')) groups[1] = path;
  }
  return groups;
}

function mountsOf(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line): Mount[] => {
    // Optional fields, any number of them, end with a dash of its own.
    const [before, after] = line.split(' - ');
    const [, , , root, point] = before.split(' ');
    const [type, , options = ''] = after?.split(' ') ?? [];
    if (point === undefined) return [];
    const mount = { root: plain(root), point: plain(point) };
    if (type === 'cgroup2') return [{ version: 2, ...mount }];
    return type === 'cgroup' && options.split(',').includes('cpu') ? [{ version: 1, ...mount }] : [];
  });
}

function upwards({ version, root, point }: Mount, group: string): GroupFolder[] {
  const folders: GroupFolder[] = [];
  for (let below = beneath(root, group); ; below = posix.dirname(below)) {
    folders.push({ version, path: below === '/' ? point : join(point, below) });
    if (below === '/') return folders;
  }
}

/** A group's path seen from the group that is mounted; that group itself where the other does not lie in it. */
function beneath(root: string, group: string): string {
  const relative = posix.relative(root, group);
  return relative === '..' || relative.startsWith('../') ? '/' : posix.join('/', relative);
}

/** Blanks and the like are octal there. */
const plain = (field: string): string =>
  field.replaceAll(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)));
