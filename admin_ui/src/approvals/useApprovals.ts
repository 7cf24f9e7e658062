// What waits for the user, and the approvals of one record; asked once a minute where nobody asks sooner.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { pendingCount, pendingRequests, recordApprovals, type RecordApprovals, type Scope } from '../api/approvals'
import type { ObjectDescribe } from '../api/types'

const MINUTE = 60_000
/** The platform's own object that keeps approvals: an object without processes has no such child. */
const KEPT_IN = 'ProcessInstance'

export function usePendingCount(): number {
  const asked = useQuery({
    queryKey: ['approvals', 'count'],
    queryFn: pendingCount,
    staleTime: MINUTE,
    refetchInterval: MINUTE,
  })
  return asked.data?.count ?? 0
}

export function usePendingRequests(scope: Scope) {
  return useQuery({ queryKey: ['approvals', 'pending', scope], queryFn: () => pendingRequests(scope) })
}

export const hasApprovals = (describe: ObjectDescribe) => describe.children.some((child) => child.object === KEPT_IN)

/** The key lies below that of the record: whatever loads the record again loads this again. */
export function useRecordApprovals(id: string, describe: ObjectDescribe) {
  return useQuery<RecordApprovals>({
    queryKey: ['record', id, 'approvals'],
    queryFn: () => recordApprovals(id),
    enabled: hasApprovals(describe),
  })
}

/** After a decision: the record may have changed, and what follows from it too. */
export function useRefreshAfter(): (recordIds: string[]) => Promise<void> {
  const client = useQueryClient()
  return async (recordIds) => {
    void client.invalidateQueries({ queryKey: ['list'] })
    void client.invalidateQueries({ queryKey: ['notifications'] })
    void client.invalidateQueries({ queryKey: ['approvals'] })
    await Promise.all(
      recordIds.flatMap((id) =>
        ['record', 'history', 'related'].map((kind) => client.invalidateQueries({ queryKey: [kind, id] })),
      ),
    )
  }
}
