// Records like this one, found when somebody asks; those of the same object can be merged with it.
import Button from 'antd/es/button'
import Checkbox from 'antd/es/checkbox'
import Modal from 'antd/es/modal'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { duplicatesOf } from '../../api/merging'
import type { ObjectDescribe } from '../../api/types'
import { EmptyState, ErrorState, Lines } from '../../frame/states'
import { CandidateItem } from '../form/DuplicateDialog'
import { candidatesOf } from '../form/duplicates'
import { mayMerge, mergeAddress, MOST_MERGED } from './merging'

interface DuplicatesDialogProps {
  recordId: string
  describe: ObjectDescribe
  onClose: () => void
}

export function DuplicatesDialog({ recordId, describe, onClose }: DuplicatesDialogProps) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [chosen, setChosen] = useState<readonly string[]>([])
  const found = useQuery({ queryKey: ['duplicates', recordId], queryFn: () => duplicatesOf(recordId), staleTime: 0 })
  const candidates = candidatesOf(found.data?.duplicates ?? [])
  const isHiding = found.data?.duplicates.some((each) => each.hasHiddenMatches) ?? false
  const maySelect = mayMerge(describe)
  const isFull = chosen.length >= MOST_MERGED - 1

  return (
    <Modal
      open
      width={640}
      title={t('merge.duplicates')}
      onCancel={onClose}
      footer={
        <div className="row row-end">
          {maySelect && candidates.length > 0 && (
            <Button
              type="primary"
              disabled={chosen.length === 0}
              onClick={() => void navigate(mergeAddress([recordId, ...chosen]))}
            >
              {t('merge.compare')}
            </Button>
          )}
          <Button onClick={onClose}>{t('action.close')}</Button>
        </div>
      }
    >
      {found.error ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : found.data === undefined ? (
        <Lines count={4} />
      ) : candidates.length === 0 ? (
        <EmptyState title={t('merge.none')} hint={isHiding ? t('duplicate.hidden') : undefined} />
      ) : (
        <div className="stack">
          <ul className="candidates" aria-label={t('duplicate.candidates')}>
            {candidates.map((candidate) => (
              <CandidateItem
                key={candidate.id}
                candidate={candidate}
                mark={(name) =>
                  maySelect &&
                  candidate.object === describe.name && (
                    <Checkbox
                      checked={chosen.includes(candidate.id)}
                      disabled={isFull && !chosen.includes(candidate.id)}
                      aria-label={t('merge.choose', { name })}
                      onChange={(event) =>
                        setChosen(
                          event.target.checked
                            ? [...chosen, candidate.id]
                            : chosen.filter((each) => each !== candidate.id),
                        )
                      }
                    />
                  )
                }
              />
            ))}
          </ul>
          {isHiding && <p className="muted small">{t('duplicate.hidden')}</p>}
        </div>
      )}
    </Modal>
  )
}
