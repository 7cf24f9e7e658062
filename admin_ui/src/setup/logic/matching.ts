// Components found by any part of their names.
import type { LogicSummary } from '../../api/logic'

export function matching(components: LogicSummary[], q: string): LogicSummary[] {
  const wanted = q.trim().toLowerCase()
  return components.filter((each) =>
    `${each.label} ${each.name} ${each.id ?? ''} ${each.object ?? ''}`.toLowerCase().includes(wanted),
  )
}
