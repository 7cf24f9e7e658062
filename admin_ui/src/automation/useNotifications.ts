// What the user was told: how many are unread, asked once a minute, and reading them.
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { markAllRead, markRead, notifications } from '../api/automation'

const MINUTE = 60_000

export function useUnreadCount(): number {
  const asked = useQuery({
    queryKey: ['notifications', 'unread'],
    queryFn: async () => (await notifications(true, null, 1)).unread,
    staleTime: MINUTE,
    refetchInterval: MINUTE,
  })
  return asked.data ?? 0
}

export function useNotifications(onlyUnread: boolean) {
  return useInfiniteQuery({
    queryKey: ['notifications', 'list', onlyUnread],
    queryFn: ({ pageParam }) => notifications(onlyUnread, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  })
}

/** Notes that some, or all, have been read. */
export function useMarkRead(): (ids: string[] | null) => Promise<void> {
  const client = useQueryClient()
  return async (ids) => {
    await (ids === null ? markAllRead() : markRead(ids))
    await client.invalidateQueries({ queryKey: ['notifications'] })
  }
}
