// The matrix: objects down, rights across.
import { useQuery } from '@tanstack/react-query'
import Checkbox from 'antd/es/checkbox'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { objects } from '../api/setup'
import type { PermissionSetDraft } from '../api/types'
import { ErrorState, Lines } from '../frame/states'
import { SearchBox } from '../frame/SearchBox'
import { setObjectRights, toggleRight } from './permissions'
import { RightsMatrix } from './RightsMatrix'

interface ObjectRightsProps {
  draft: PermissionSetDraft
  onChange: ((draft: PermissionSetDraft) => void) | null
}

export function ObjectRights({ draft, onChange }: ObjectRightsProps) {
  const { t } = useTranslation()
  const [q, setQ] = useState('')
  const [onlyGranted, setOnlyGranted] = useState(onChange === null)
  const all = useQuery({ queryKey: ['setup', 'objects'], queryFn: objects })
  if (all.error) return <ErrorState error={all.error} onRetry={() => void all.refetch()} />
  if (all.data === undefined) return <Lines />
  const shown = all.data.objects.filter(
    (object) =>
      `${object.label} ${object.name}`.toLowerCase().includes(q.toLowerCase()) &&
      (!onlyGranted || (draft.objects[object.name]?.length ?? 0) > 0),
  )

  return (
    <div className="stack">
      <div className="toolbar">
        <SearchBox value={q} label={t('object.search')} onChange={setQ} />
        <Checkbox checked={onlyGranted} onChange={(event) => setOnlyGranted(event.target.checked)}>
          {t('permission.onlyGranted')}
        </Checkbox>
      </div>
      <RightsMatrix
        rows={shown}
        label={t('permission.objects')}
        empty={t('permission.noObjects')}
        cell={(object, right) => {
          const rights = draft.objects[object.name] ?? []
          return (
            <Checkbox
              checked={rights.includes(right)}
              disabled={onChange === null}
              aria-label={`${object.label}: ${t(`permission.rights.${right}`)}`}
              onChange={(event) =>
                onChange?.(setObjectRights(draft, object.name, toggleRight(rights, right, event.target.checked)))
              }
            />
          )
        }}
      />
    </div>
  )
}
