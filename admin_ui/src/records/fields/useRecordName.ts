// The name of a record that is known by its id only, as when a new record is prefilled from an address.
import { useQuery } from '@tanstack/react-query'
import { describeQuery, recordQuery } from '../../api/queries'
import { tidyName } from '../names'

export function useRecordName(id: string | null, known: string | undefined): string {
  const record = useQuery({ ...recordQuery(id ?? ''), enabled: id !== null && known === undefined, retry: false })
  const object = record.data?.object
  const describe = useQuery({ ...describeQuery(object ?? ''), enabled: object !== undefined })
  if (id === null) return ''
  if (known !== undefined) return tidyName(known)
  const name = describe.data && record.data?.values[describe.data.name_field]
  return typeof name === 'string' ? tidyName(name) : id
}
