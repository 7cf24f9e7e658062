// Server state that several screens share.
import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { setCsrfToken } from './client'
import { bootstrap, describe, read } from './endpoints'

// Definitions change seldom; whoever changes them in Setup invalidates them.
const DEFINITION = 5 * 60_000

export const bootstrapQuery = {
  queryKey: ['bootstrap'],
  queryFn: async () => {
    const answer = await bootstrap()
    setCsrfToken(answer.csrf_token)
    return answer
  },
  staleTime: Infinity,
}

export const describeQuery = (object: string) => ({
  queryKey: ['describe', object],
  queryFn: () => describe(object),
  staleTime: DEFINITION,
})

export const recordQuery = (id: string) => ({
  queryKey: ['record', id],
  queryFn: () => read(id),
})

export function useDescribe(object: string | undefined) {
  return useQuery({ ...describeQuery(object ?? ''), enabled: object !== undefined && object !== '' })
}

export function useDescribes(objects: string[], enabled = true) {
  return useQueries({ queries: objects.map((object) => ({ ...describeQuery(object), enabled })) })
}

export function useRecord(id: string | undefined) {
  return useQuery({ ...recordQuery(id ?? ''), enabled: id !== undefined && id !== '' })
}

/** Definitions only: a record fetched ahead would stand in the access log as seen by somebody who never opened it. */
export function usePrefetchDescribe(): (object: string) => void {
  const client = useQueryClient()
  return (object) => void client.prefetchQuery(describeQuery(object))
}
