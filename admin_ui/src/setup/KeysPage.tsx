// Keys that are shown once: those there are, making one, revoking one.
import { PlusOutlined } from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Button from 'antd/es/button'
import { useState, type ReactNode } from 'react'
import { DataTable, useActionsColumn, type Column } from '../frame/DataTable'
import { PageHeader } from '../frame/PageHeader'
import { useAsk } from '../frame/useAsk'
import { SecretDialog } from './SecretDialog'

interface Key {
  id: string
  label: string
}

interface KeyTexts {
  title: string
  lead: string
  make: string
  none: string
  noneHint: string
  revoke: string
  revokeOf: (name: string) => string
  revokeTitle: (name: string) => string
  revokeText: string
  /** What is shown once, and the warning above it. */
  secret: string
  once: string
}

interface KeysPageProps<Answer, Row extends Key> {
  queryKey: string[]
  list: () => Promise<Answer>
  rowsOf: (answer: Answer) => Row[]
  columns: Column<Row>[]
  texts: KeyTexts
  revoke: (id: string) => Promise<void>
  form: (props: { onClose: () => void; onMade: (label: string, secret: string) => void }) => ReactNode
  /** What stands above the table once the answer is there. */
  note?: (answer: Answer) => ReactNode
}

export function KeysPage<Answer, Row extends Key>(props: KeysPageProps<Answer, Row>) {
  const { queryKey, list, rowsOf, columns, texts, revoke, form: Form, note } = props
  const client = useQueryClient()
  const ask = useAsk()
  const [isMaking, setMaking] = useState(false)
  const [made, setMade] = useState<{ label: string; secret: string } | null>(null)
  const all = useQuery({ queryKey, queryFn: list })
  const refresh = () => client.invalidateQueries({ queryKey })

  const askRevoke = (each: Row) =>
    ask({
      title: texts.revokeTitle(each.label),
      content: texts.revokeText,
      okText: texts.revoke,
      act: () => revoke(each.id),
      then: refresh,
    })
  const actions = useActionsColumn<Row>((each) => (
    <Button size="small" danger aria-label={texts.revokeOf(each.label)} onClick={() => askRevoke(each)}>
      {texts.revoke}
    </Button>
  ))

  return (
    <div className="page">
      <PageHeader
        title={texts.title}
        eyebrow={texts.lead}
        actions={
          <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setMaking(true)}>
            {texts.make}
          </Button>
        }
      />
      {all.data && note?.(all.data)}
      <DataTable
        query={all}
        rows={all.data ? rowsOf(all.data) : []}
        columns={[...columns, actions]}
        rowKey={(each) => each.id}
        empty={texts.none}
        hint={texts.noneHint}
      />
      {isMaking && (
        <Form
          onClose={() => setMaking(false)}
          onMade={(label, secret) => {
            setMaking(false)
            setMade({ label, secret })
            void refresh()
          }}
        />
      )}
      {made !== null && (
        <SecretDialog
          title={made.label}
          warning={texts.once}
          lines={[{ label: texts.secret, value: made.secret, toCopy: true, testId: 'secret' }]}
          onClose={() => setMade(null)}
        />
      )}
    </div>
  )
}
