/**
 * All rules, and the way to be excused from one.
 *
 * A waiver is one comment line, `// tidy: <rule>: <reason>`: above the line it excuses, or above the first line of
 * code for the whole file. One that gives no reason, or excuses nothing, is a finding itself.
 */
import { ambientRules } from './ambient.ts';
import { layerRules } from './layers.ts';
import { promiseRules } from './promises.ts';
import { referenceRules } from './references.ts';
import { shapeRules } from './shape.ts';
import type { Finding, Project, Rule } from './source-file.ts';
import { wordRules } from './words.ts';

export const rules: readonly Rule[] = [
  ...layerRules,
  ...shapeRules,
  ...ambientRules,
  ...promiseRules,
  ...referenceRules,
  ...wordRules,
];

interface Waiver {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly reason: string;
  readonly isAboveAllCode: boolean;
}

/** What the rules say about a project, without what is excused. */
export function findingsOf(project: Project): readonly Finding[] {
  const waivers = project.flatMap(waiversOf);
  const findings = rules.flatMap((rule) => rule.check(project));
  const excused = (finding: Finding): boolean => waivers.some((waiver) => excuses(waiver, finding));
  const idle = waivers.filter((waiver) => !findings.some((finding) => excuses(waiver, finding)));
  return [
    ...findings.filter((finding) => !excused(finding)),
    ...idle.map(({ path, line, rule }) => ({ rule: 'waiver', path, line, what: `excuses nothing from ${rule}` })),
  ];
}

export function describeFinding({ rule, path, line, what }: Finding): string {
  return `${path}${line === 0 ? '' : `:${line}`} ${rule}: ${what}`;
}

function waiversOf({ path, tokens, code }: Project[number]): Waiver[] {
  const firstLine = code[0]?.line ?? Infinity;
  return tokens.flatMap(({ kind, text, line }) => {
    const [, rule, reason = ''] = (kind === 'comment' && /^\/\/ tidy: ([a-z-]+): (.+)$/.exec(text)) || [];
    return rule === undefined ? [] : [{ path, line, rule, reason, isAboveAllCode: line < firstLine }];
  });
}

function excuses({ path, line, rule, reason, isAboveAllCode }: Waiver, finding: Finding): boolean {
  const isThere = finding.path === path && (isAboveAllCode || finding.line === line + 1);
  return isThere && finding.rule === rule && reason.split(/\s+/).length >= 3;
}
