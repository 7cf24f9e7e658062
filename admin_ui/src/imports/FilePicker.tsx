// A file is chosen or dropped here; its first lines show whether it is read the right way.
import Select from 'antd/es/select'
import { useTranslation } from 'react-i18next'
import { FileButton } from '../frame/FileButton'
import { useDropTarget } from '../frame/useDropTarget'
import { FieldRow } from '../records/fields/FieldRow'
import { DELIMITERS, ENCODINGS } from './csvFile'
import type { Delimiter } from '../api/imports'
import type { useFile } from './useFile'

const KILOBYTE = 1024

export function FilePicker({ source, isMissing }: { source: ReturnType<typeof useFile>; isMissing: boolean }) {
  const { t } = useTranslation()
  const { chosen, problem } = source
  const errors = problem !== null ? [problem] : isMissing ? [t('form.missing')] : []
  const said = source.isReading
    ? t('imports.reading')
    : chosen === null
      ? t('imports.orDrop')
      : t('imports.fileNamed', { name: chosen.file.name, size: Math.ceil(chosen.file.size / KILOBYTE) })
  const choose = (file: File | undefined) => file && void source.choose(file)
  const { isOver, handlers } = useDropTarget((dropped) => choose(dropped.files[0]))
  return (
    <>
      <FieldRow id="import-file" label={t('imports.file')} required help={t('imports.fileHelp')} errors={errors}>
        <div className={`drop${isOver ? ' drop-over' : ''}`} {...handlers}>
          <FileButton
            id="import-file"
            text={t(chosen === null ? 'imports.choose' : 'imports.chooseAnother')}
            // A workbook may be chosen too: it is refused with what to do about it.
            accept=".csv,.txt,.tsv,.xlsx,.xls,text/csv,text/plain"
            onChoose={choose}
          />
          <span className={chosen === null ? 'muted' : 'break'} aria-live="polite">
            {said}
          </span>
        </div>
      </FieldRow>
      {chosen !== null && (
        <>
          <div className="fields fields-2">
            <FieldRow id="import-encoding" label={t('imports.encoding')}>
              <Select
                id="import-encoding"
                value={chosen.encoding}
                options={ENCODINGS.map((each) => ({ value: each, label: t(`imports.encodings.${each}`) }))}
                onChange={(encoding) => void source.setEncoding(encoding)}
              />
            </FieldRow>
            <FieldRow id="import-delimiter" label={t('imports.delimiter')}>
              <Select
                id="import-delimiter"
                value={chosen.delimiter}
                options={(Object.keys(DELIMITERS) as Delimiter[]).map((each) => ({
                  value: each,
                  label: t(`imports.delimiters.${each}`),
                }))}
                onChange={source.setDelimiter}
              />
            </FieldRow>
          </div>
          <pre className="file-lines" tabIndex={0} aria-label={t('imports.firstLines')}>
            {chosen.lines.join('\n')}
          </pre>
        </>
      )}
    </>
  )
}
