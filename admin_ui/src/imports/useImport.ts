// An import as it is now: looked at again and again while something is at work on it.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import { changeImport, importableObjects, previewImport, readImport, type Import } from '../api/imports'
import { useErrorText } from '../frame/useErrorText'
import { phaseAtWork } from './stage'

const LOOK_AGAIN = 1_000
export const IMPORTS = ['imports']
const one = (id: string) => [...IMPORTS, id]

export function useImport(id: string) {
  return useQuery({
    queryKey: one(id),
    queryFn: () => readImport(id),
    refetchInterval: ({ state }) => (state.data && phaseAtWork(state.data) !== null ? LOOK_AGAIN : false),
  })
}

/** The columns of its file; they stay as they are. */
export function usePreview(id: string, isThere = true) {
  return useQuery({
    queryKey: [...one(id), 'preview'],
    queryFn: () => previewImport(id),
    staleTime: Infinity,
    enabled: isThere,
  })
}

export function useImportableObjects() {
  return useQuery({ queryKey: ['importable-objects'], queryFn: importableObjects, staleTime: 5 * 60_000 })
}

/** Changes an import and shows what it is then; says why where that is refused. */
export function useChangeImport(id: string) {
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  return useMutation({
    mutationFn: (change: Parameters<typeof changeImport>[1]) => changeImport(id, change),
    onSuccess: (changed: Import) => {
      client.setQueryData(one(id), changed)
      // What was wrong with its rows was wrong with another mapping, or in another phase.
      client.removeQueries({ queryKey: [...one(id), 'errors'] })
    },
    onError: (error) => {
      message.error(errorText(error))
      void client.invalidateQueries({ queryKey: one(id), exact: true })
    },
  })
}
