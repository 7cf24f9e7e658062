// Components found by any part of their names.
import type { LogicSummary } from '../../api/logic'

export function matching<Component extends LogicSummary>(components: Component[], q: string): Component[] {
  const wanted = q.trim().toLowerCase()
  return components.filter((each) =>
    `${each.label} ${each.name} ${each.id ?? ''} ${each.object ?? ''}`.toLowerCase().includes(wanted),
  )
}
