// A list of any size, page by page behind an opaque cursor; nobody counts unless asked to.
import { keepPreviousData, useInfiniteQuery, type InfiniteData } from '@tanstack/react-query'
import { list } from '../../api/endpoints'
import type { ListAnswer, ListRequest } from '../../api/types'

export const listKey = (object: string, request: ListRequest) => ['list', object, request]

export type ListPages = InfiniteData<ListAnswer, string | null>

export function useRecordList(object: string, request: ListRequest, enabled = true) {
  return useInfiniteQuery({
    queryKey: listKey(object, request),
    queryFn: ({ pageParam, signal }) => list(object, { ...request, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    enabled,
  })
}
