// The buttons of flows that the user may press: those of a list, and those that are possible for a record.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { flowButtons, recordButtons, type FlowButton } from '../api/automation'
import type { RecordAnswer } from '../api/types'

const DEFINITION = 5 * 60_000

export function useListButtons(object: string): FlowButton[] {
  const { i18n } = useTranslation()
  const asked = useQuery({
    queryKey: ['describe', object, 'buttons', i18n.language],
    queryFn: () => flowButtons(object),
    staleTime: DEFINITION,
  })
  return (asked.data?.buttons ?? []).filter((button) => button.placements.includes('list'))
}

export function useRecordButtons(record: RecordAnswer): { buttons: FlowButton[]; isLoading: boolean } {
  const { i18n } = useTranslation()
  const asked = useQuery({
    queryKey: ['record', record.id, 'buttons', record.version, i18n.language],
    queryFn: () => recordButtons(record.id),
    // Those of the version before stay until the new ones are known, so that nothing jumps.
    placeholderData: (previous, query) => (query?.queryKey[1] === record.id ? previous : undefined),
    enabled: !record.is_deleted,
  })
  return { buttons: record.is_deleted ? [] : (asked.data?.buttons ?? []), isLoading: asked.isLoading }
}
