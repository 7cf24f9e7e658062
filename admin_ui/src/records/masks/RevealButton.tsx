// The eye beside a masked value: asks why, then the value is shown, and how long it will be.
import { EyeOutlined } from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { FieldDescribe, RecordAnswer } from '../../api/types'
import { Countdown } from './Countdown'

const RevealDialog = lazy(async () => ({ default: (await import('./RevealDialog')).RevealDialog }))

interface RevealButtonProps {
  record: RecordAnswer
  field: FieldDescribe
  /** The masked fields behind it; none once they are shown. */
  parts: FieldDescribe[]
}

export function RevealButton({ record, field, parts }: RevealButtonProps) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [isAsking, setAsking] = useState(false)
  const [until, setUntil] = useState<string | null>(null)

  function refresh() {
    void client.invalidateQueries({ queryKey: ['record', record.id] })
    void client.invalidateQueries({ queryKey: ['history', record.id] })
    void client.invalidateQueries({ queryKey: ['list', record.object] })
  }

  if (until !== null)
    return (
      <Countdown
        until={until}
        onEnd={() => {
          setUntil(null)
          refresh()
        }}
      />
    )
  if (parts.length === 0 || !parts.every((part) => part.revealable)) return null
  return (
    <>
      <button
        type="button"
        className="eye"
        aria-label={t('mask.reveal', { field: field.label })}
        title={t('mask.reveal', { field: field.label })}
        onClick={() => setAsking(true)}
      >
        <EyeOutlined aria-hidden />
      </button>
      {isAsking && (
        <Suspense fallback={null}>
          <RevealDialog
            record={record}
            field={field}
            names={parts.map((part) => part.name)}
            onShown={(expires) => {
              setAsking(false)
              setUntil(expires)
              refresh()
            }}
            onClose={() => setAsking(false)}
          />
        </Suspense>
      )}
    </>
  )
}
