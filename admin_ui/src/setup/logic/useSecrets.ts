// Which settings are secrets: their values are typed into a field of their own, and come back as `is_set` alone.
import { useQuery } from '@tanstack/react-query'
import { logicBodies, type LogicBody } from '../../api/logic'

/** Whether the component is the value of a secret: by what it says, or by its name among the settings. */
export function useIsSecret(kind: string, name: string, body: LogicBody | undefined): boolean {
  const settings = useQuery({
    queryKey: ['setup', 'logic', 'setting', 'bodies'],
    queryFn: () => logicBodies('setting'),
    enabled: kind === 'setting_value',
  })
  if (kind !== 'setting_value') return false
  if (body && 'is_set' in body) return true
  return (settings.data?.components ?? []).some((each) => each.name === name && each.body.type === 'secret')
}
