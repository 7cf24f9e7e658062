// Texts that somebody typed and that name the person: to be looked at before an erasure.
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Mentions } from '../api/privacy'
import { useWords } from '../audit/useLabels'
import { DataTable, LOADED, type Column } from '../frame/DataTable'

const SHOWN = 10

export function MentionsTable({ mentions }: { mentions: Mentions[] }) {
  const { t } = useTranslation()
  const words = useWords(mentions.map((row) => row.object))
  const columns: Column<Mentions>[] = [
    { key: 'object', title: t('privacy.object'), cell: (row) => words.object(row.object) },
    { key: 'field', title: t('dictionary.field'), cell: (row) => words.field(row.object, row.field) },
    { key: 'records', title: t('privacy.records'), className: 'numeric', cell: (row) => row.records.length },
    {
      key: 'look',
      title: t('privacy.look'),
      className: 'mono',
      cell: (row) => (
        <>
          {row.records.slice(0, SHOWN).map((id) => (
            <div key={id}>
              <Link to={`/r/${id}`}>{id}</Link>
            </div>
          ))}
          {row.records.length > SHOWN && t('privacy.moreRecords', { count: row.records.length - SHOWN })}
        </>
      ),
    },
  ]
  return (
    <section className="stack" aria-labelledby="person-mentions">
      <h3 id="person-mentions">{t('privacy.mentions')}</h3>
      <p className="muted">{t('privacy.mentionsText')}</p>
      <DataTable
        query={LOADED}
        rows={mentions}
        columns={columns}
        rowKey={(row) => `${row.object}.${row.field}`}
        empty={t('privacy.nothing')}
        label={t('privacy.mentions')}
      />
    </section>
  )
}
