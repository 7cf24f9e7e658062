// The third step: what the dry run found. Nothing is written yet.
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import type { Import } from '../api/imports'
import type { ObjectDescribe } from '../api/types'
import { useAsk } from '../frame/useAsk'
import { useWholeNumber } from '../records/fields/useWholeNumber'
import { RowErrors } from './RowErrors'
import { useChangeImport } from './useImport'

interface CheckStepProps {
  job: Import
  describe: ObjectDescribe
  header: string[]
  onMapping: () => void
  onOtherFile: () => void
}

export function CheckStep({ job, describe, header, onMapping, onOtherFile }: CheckStepProps) {
  const { t } = useTranslation()
  const ask = useAsk()
  const change = useChangeImport(job.id)
  const number = useWholeNumber()
  const { failed } = job.check
  const good = job.records - failed
  const askStart = () =>
    ask({
      title: t('imports.startTitle', { count: good, text: number(good), object: describe.plural_label }),
      content: t(failed > 0 ? 'imports.startWithout' : 'imports.startText', { count: failed, text: number(failed) }),
      okText: t('imports.start', { count: good, text: number(good) }),
      isDanger: false,
      act: () => change.mutateAsync({ action: 'start' }).catch(() => undefined),
    })
  return (
    <>
      <section className="form-section stack" aria-label={t('imports.step.check')}>
        <Alert
          type={failed > 0 ? 'warning' : 'success'}
          showIcon
          role="status"
          title={
            failed > 0
              ? t('imports.checkedWith', { count: failed, failed: number(failed), rows: number(job.records) })
              : t('imports.checkedWell', { count: job.records, rows: number(job.records) })
          }
          description={t('imports.nothingWritten')}
        />
        <div className="row">
          <Button type="primary" disabled={good === 0} loading={change.isPending} onClick={askStart}>
            {t('imports.start', { count: good, text: number(good) })}
          </Button>
          <Button onClick={onMapping}>{t('imports.toMapping')}</Button>
          <Button onClick={onOtherFile}>{t('imports.otherFile')}</Button>
        </div>
      </section>
      {failed > 0 && <RowErrors job={job} phase="check" describe={describe} header={header} />}
    </>
  )
}
