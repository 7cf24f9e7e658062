// The API name of a view that somebody called something, in whatever script; what a tenant makes ends in __c.
import type { ListView } from '../../api/types'

export function viewName(label: string, taken: Pick<ListView, 'name'>[]): string {
  const latin = label
    .normalize('NFKD')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word[0]?.toUpperCase() + word.slice(1))
    .join('')
    .replace(/^\d+/, '')
    .slice(0, 30)
  const base = latin === '' ? 'View' : latin
  const names = new Set(taken.map((view) => view.name))
  for (let number = 1; ; number += 1) {
    const name = `${base}${number === 1 ? '' : number}__c`
    if (!names.has(name)) return name
  }
}
