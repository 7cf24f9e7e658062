// The path: stages as a chain, what to do at the chosen one, and the button that moves the record there.
import { CheckOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import Alert from 'antd/es/alert'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../../api/client'
import { update } from '../../api/endpoints'
import type { ObjectDescribe, RecordAnswer, RecordType, Stage } from '../../api/types'
import { useErrorText } from '../../frame/useErrorText'
import { FieldValue } from '../fields/FieldValue'
import { choosePath } from './choosePath'

interface RecordPathProps {
  record: RecordAnswer
  describe: ObjectDescribe
  recordType: RecordType | null
}

export function RecordPath({ record, describe, recordType }: RecordPathProps) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const [looking, setLooking] = useState<string | null>(null)
  const [refusal, setRefusal] = useState<string | null>(null)
  const [isSaving, setSaving] = useState(false)

  const path = choosePath(describe, recordType)
  const field = path && describe.fields[path.field]
  if (!path || !field) return null

  const current = record.values[path.field]
  const reached = path.stages.findIndex((stage) => stage.value === current)
  const shown = path.stages.find((stage) => stage.value === (looking ?? current)) ?? path.stages[0]
  const next = path.stages[reached + 1]
  const target = looking !== null && looking !== current ? shown : next && !next.lost ? next : undefined
  const mayMove = record.permissions.update && field.updateable
  const isClosed = path.stages[reached]?.closed ?? false

  async function moveTo(stage: Stage) {
    if (path === null) return
    setSaving(true)
    setRefusal(null)
    try {
      await update(record.id, { [path.field]: stage.value }, record.version)
      setLooking(null)
      message.success(t('path.moved', { stage: stage.label }))
      void client.invalidateQueries({ queryKey: ['list', record.object] })
      void client.invalidateQueries({ queryKey: ['history', record.id] })
      await client.invalidateQueries({ queryKey: ['record', record.id] })
    } catch (error) {
      if (error instanceof ApiError && error.isStale) {
        setRefusal(t('conflict.reloaded'))
        await client.invalidateQueries({ queryKey: ['record', record.id] })
      } else {
        setRefusal(errorText(error))
      }
    } finally {
      setSaving(false)
    }
  }

  return (
    <section className="path" aria-label={t('path.label', { field: field.label })}>
      <ol className="path-stages">
        {path.stages.map((stage, index) => {
          const isCurrent = stage.value === current
          const isDone = index < reached && !(path.stages[reached]?.lost ?? false)
          const kind = isCurrent ? (stage.lost ? 'lost' : 'current') : isDone ? 'done' : 'ahead'
          return (
            <li key={stage.value} className={`path-stage path-${kind}${shown === stage ? ' path-shown' : ''}`}>
              <button
                type="button"
                aria-current={isCurrent ? 'step' : undefined}
                aria-pressed={shown === stage}
                onClick={() => {
                  setRefusal(null)
                  setLooking(stage.value === current ? null : stage.value)
                }}
              >
                {isDone && <CheckOutlined aria-label={t('path.done')} />}
                <span>{stage.label}</span>
              </button>
            </li>
          )
        })}
      </ol>
      <div className="path-panel">
        <div className="path-guidance">
          {shown?.guidance && <p>{shown.guidance}</p>}
          {shown && shown.key_fields.length > 0 && (
            <dl className="compact-fields">
              {shown.key_fields.map((name) => {
                const key = describe.fields[name]
                if (key === undefined) return null
                return (
                  <div key={name}>
                    <dt>{key.label}</dt>
                    <dd>
                      <FieldValue field={key} value={record.values[name]} label={record.labels[name]} />
                    </dd>
                  </div>
                )
              })}
            </dl>
          )}
          {shown && !shown.guidance && shown.key_fields.length === 0 && <p className="muted">{t('path.noGuidance')}</p>}
        </div>
        {mayMove && target && !(isClosed && looking === null) && (
          <Button type="primary" loading={isSaving} onClick={() => void moveTo(target)}>
            {t('path.mark', { stage: target.label })}
          </Button>
        )}
      </div>
      {refusal !== null && (
        <Alert
          type="error"
          showIcon
          role="alert"
          title={refusal}
          closable={{ closeIcon: true, onClose: () => setRefusal(null) }}
        />
      )}
    </section>
  )
}
