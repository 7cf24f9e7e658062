// A moment as the reader's language and time zone write it.
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'

export function useMoment(): (text: string | null) => string {
  const reader = useReader()
  return (text) => (text ? formatDateTime(text, reader.language, reader.timeZone) : '—')
}
