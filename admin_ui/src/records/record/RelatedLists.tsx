// All related lists of a record, each loaded when it scrolls into sight.
import type { RecordAnswer } from '../../api/types'
import type { RelatedListHead } from './relatedLists'
import { RelatedList } from './RelatedList'

export function RelatedLists({ record, lists }: { record: RecordAnswer; lists: RelatedListHead[] }) {
  return (
    <div className="related-lists">
      {lists.map((list) => (
        <RelatedList key={list.relationship} record={record} list={list} />
      ))}
    </div>
  )
}
