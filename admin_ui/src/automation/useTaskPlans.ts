// The task plans that the user may start for records of an object.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { taskPlans, type TaskPlan } from '../api/taskPlans'
import type { ObjectDescribe } from '../api/types'
import { planChild } from './planRuns'

const DEFINITION = 5 * 60_000

export function useTaskPlans(describe: ObjectDescribe, isWanted = true): { plans: TaskPlan[]; isLoading: boolean } {
  const { i18n } = useTranslation()
  const asked = useQuery({
    queryKey: ['describe', describe.name, 'plans', i18n.language],
    queryFn: () => taskPlans(describe.name),
    staleTime: DEFINITION,
    enabled: isWanted && planChild(describe) !== undefined && describe.permissions.update,
  })
  return { plans: asked.data?.plans ?? [], isLoading: asked.isLoading }
}
