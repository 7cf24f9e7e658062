// The buttons of flows that the user may press, by where they stand.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { flowButtons, type FlowButton, type Placement } from '../api/automation'

const DEFINITION = 5 * 60_000

export function useFlowButtons(object: string, placement: Placement, isWanted = true): FlowButton[] {
  const { i18n } = useTranslation()
  const asked = useQuery({
    queryKey: ['describe', object, 'buttons', i18n.language],
    queryFn: () => flowButtons(object),
    staleTime: DEFINITION,
    enabled: isWanted,
  })
  return (asked.data?.buttons ?? []).filter((button) => button.placements.includes(placement))
}
