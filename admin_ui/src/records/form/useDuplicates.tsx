// Asks about duplicates between a save and the save all the same; tells of those that are there although it was saved.
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { lazy, Suspense, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import type { DuplicateResult, Written } from '../../api/types'
import { candidatesOf, duplicatesIn } from './duplicates'

const DuplicateDialog = lazy(async () => ({ default: (await import('./DuplicateDialog')).DuplicateDialog }))

interface Found {
  results: DuplicateResult[]
  saveAnyway: () => Promise<void>
}

interface Duplicates {
  /** Whether the error is about duplicates only: then the dialog asks, and the form has nothing to say. */
  ask: (error: unknown, saveAnyway: () => Promise<void>) => boolean
  tell: (written: Written) => void
  dialog: ReactNode
}

export function useDuplicates(): Duplicates {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const { notification } = App.useApp()
  const [found, setFound] = useState<Found | null>(null)
  const [isSaving, setSaving] = useState(false)

  function ask(error: unknown, saveAnyway: () => Promise<void>): boolean {
    const results = duplicatesIn(error)
    if (results !== null) setFound({ results, saveAnyway })
    return results !== null
  }

  async function save(asked: Found) {
    setSaving(true)
    await asked.saveAnyway()
    setSaving(false)
    // Unless the second save found others.
    setFound((current) => (current === asked ? null : current))
  }

  function tell(written: Written) {
    const results = (written.warnings ?? []).flatMap((warning) => warning.duplicateResult ?? [])
    const [first] = candidatesOf(results)
    if (results.length === 0) return
    const isAttached = written.created === false
    const key = `duplicates-${written.id}`
    notification.warning({
      key,
      title: t(isAttached ? 'duplicate.attached' : 'duplicate.saved'),
      description: [...new Set(results.map((result) => result.errorMessage))].join(' '),
      actions: first && !isAttached && (
        <Button
          onClick={() => {
            notification.destroy(key)
            void navigate(`/r/${first.id}`)
          }}
        >
          {t('duplicate.show')}
        </Button>
      ),
    })
  }

  const dialog = (
    <Suspense fallback={null}>
      {found !== null && (
        <DuplicateDialog
          results={found.results}
          isSaving={isSaving}
          onSave={() => void save(found)}
          onClose={() => setFound(null)}
        />
      )}
    </Suspense>
  )
  return { ask, tell, dialog }
}
