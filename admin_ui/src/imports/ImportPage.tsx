// One import, at the step where it stands: whoever comes back to its address goes on there.
import { useQueryClient } from '@tanstack/react-query'
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate, useParams } from 'react-router'
import { discardImport, type Import } from '../api/imports'
import { useDescribe } from '../api/queries'
import type { ObjectDescribe } from '../api/types'
import { PageHeader } from '../frame/PageHeader'
import { ErrorState, PageSkeleton } from '../frame/states'
import { CheckStep } from './CheckStep'
import { ImportResult } from './ImportResult'
import { MappingStep } from './MappingStep'
import { PhaseProgress } from './PhaseProgress'
import { phaseAtWork, stepOf, undoableUntil } from './stage'
import { Steps } from './Steps'
import { IMPORTS, useImport, usePreview } from './useImport'

export function ImportPage() {
  const { id = '' } = useParams()
  const job = useImport(id)
  const describe = useDescribe(job.data?.object)
  const error = job.error ?? describe.error
  if (error) return <ErrorState error={error} onRetry={() => void (job.error ? job : describe).refetch()} />
  if (job.data === undefined || describe.data === undefined) return <PageSkeleton />
  return <OneImport key={id} job={job.data} describe={describe.data} />
}

function OneImport({ job, describe }: { job: Import; describe: ObjectDescribe }) {
  const { t } = useTranslation()
  const [isMapping, setMapping] = useState(false)
  const step = isMapping && job.state === 'Open' ? 'mapping' : stepOf(job)
  const isOver = step === 'import' && phaseAtWork(job) === null
  return (
    <div className="page form-page">
      <PageHeader
        title={t('imports.into', { operation: t(`imports.operations.${job.operation}`), object: describe.plural_label })}
        eyebrow={<Link to="/admin/imports">{t('imports.title')}</Link>}
      />
      <Steps current={step} isOver={isOver && (job.state === 'JobComplete' || undoableUntil(job) !== null)} />
      <Body job={job} describe={describe} step={step} onMapping={setMapping} />
    </div>
  )
}

interface BodyProps {
  job: Import
  describe: ObjectDescribe
  step: ReturnType<typeof stepOf>
  onMapping: (isMapping: boolean) => void
}

function Body({ job, describe, step, onMapping }: BodyProps) {
  const navigate = useNavigate()
  const client = useQueryClient()
  const preview = usePreview(job.id, step !== 'file')
  const phase = phaseAtWork(job)

  /** An import has one file: another one is another import. */
  async function onOtherFile() {
    await discardImport(job.id, job.state).catch(() => undefined)
    client.removeQueries({ queryKey: [...IMPORTS, job.id] })
    void navigate(`/admin/imports/new?object=${job.object}&operation=${job.operation}`)
  }
  const again = () => void onOtherFile()

  if (step === 'file') return <NoFile problem={job.problem} onOtherFile={again} />
  if (phase !== null) return <PhaseProgress job={job} phase={phase} />
  if (preview.error) return <ErrorState error={preview.error} onRetry={() => void preview.refetch()} />
  if (preview.data === undefined) return <PageSkeleton />
  const header = preview.data.columns.map((each) => each.name)
  if (step === 'mapping') {
    const onSent = () => onMapping(false)
    return <MappingStep job={job} preview={preview.data} describe={describe} onSent={onSent} onOtherFile={again} />
  }
  if (step === 'check') {
    return (
      <CheckStep job={job} describe={describe} header={header} onMapping={() => onMapping(true)} onOtherFile={again} />
    )
  }
  return <ImportResult job={job} describe={describe} header={header} />
}

function NoFile({ problem, onOtherFile }: { problem: string | null; onOtherFile: () => void }) {
  const { t } = useTranslation()
  return (
    <section className="form-section stack">
      <Alert
        type="error"
        showIcon
        role="alert"
        title={t(problem === null ? 'imports.notArrived' : 'imports.unreadable')}
        description={problem}
      />
      <div>
        <Button type="primary" onClick={onOtherFile}>
          {t('imports.otherFile')}
        </Button>
      </div>
    </section>
  )
}
