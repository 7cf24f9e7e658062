// What a document would become: its units, the values of their records, what was looked up, what would be refused.
import Tag from 'antd/es/tag'
import { useTranslation } from 'react-i18next'
import type { Seen, SeenRecord, SeenUnit } from '../api/inboundPreview'

const COLOURS: Record<SeenRecord['act'], string> = { insert: 'green', update: 'blue', upsert: 'blue', keep: 'default' }

export function InboundSeen({ seen }: { seen: Seen }) {
  const { t } = useTranslation()
  return (
    <section aria-label={t('inboundTry.result')}>
      <h2>{t('inboundTry.units', { count: seen.count })}</h2>
      {seen.repairs.length > 0 && <p>{t('inboundTry.repairs', { repairs: seen.repairs.join(', ') })}</p>}
      {seen.units.map((unit, index) => (
        <Unit key={index} unit={unit} />
      ))}
      {seen.count > seen.units.length && <p className="muted">{t('inboundTry.more')}</p>}
      {seen.lookups.length > 0 && <h2>{t('inboundTry.lookups')}</h2>}
      <ul>
        {seen.lookups.map((each, index) => (
          <li key={index}>
            <Tag color={each.found ? 'green' : 'orange'}>
              {t(each.found ? 'inboundTry.found' : 'inboundTry.notFound')}
            </Tag>
            <span className="mono">
              {each.object}: {each.by.map((by, place) => `${by} = ${each.values[place]}`).join(', ')}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Unit({ unit }: { unit: SeenUnit }) {
  const { t } = useTranslation()
  return (
    <article className="seen-unit">
      <h3>
        <span className="mono">{unit.key}</span> {unit.known && <Tag color="orange">{t('inboundTry.known')}</Tag>}
      </h3>
      {unit.problems.map((problem, index) => (
        <div key={index} className="field-error">
          {t('inbound.place', { line: problem.line ?? unit.line, column: problem.column ?? 1 })} {problem.message}
        </div>
      ))}
      {unit.records.map((record, index) => (
        <div key={index}>
          <Tag color={COLOURS[record.act]}>{t(`inboundTry.acts.${record.act}`)}</Tag>
          <strong>{record.object}</strong> {record.id !== null && <span className="mono">{record.id}</span>}
          <Values title={t('inboundTry.given')} values={record.given} />
          <Values title={t('inboundTry.setBesides')} values={record.set_besides} />
        </div>
      ))}
    </article>
  )
}

function Values({ title, values }: { title: string; values: Record<string, unknown> }) {
  const names = Object.keys(values)
  if (names.length === 0) return null
  return (
    <table className="values" aria-label={title}>
      <caption className="muted small">{title}</caption>
      <tbody>
        {names.map((name) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{textOf(values[name])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** What is no plain value is shown as it is sent. */
const textOf = (value: unknown) => (typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '—'))
